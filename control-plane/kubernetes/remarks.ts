// Troubles that do not keep a replica from being ready: told beside its parts at /readyz, and in Events.
import type { Topic } from "./events.ts";

/** Told how something goes: a problem, or (undefined) that all is well. */
export type Tell = (problem: string | undefined) => void;

/** Gives what tells of one thing; `remarks` holds the present problem of each by its name. */
export function remarking(remarks: Map<string, string>, events: (topic: Topic) => Tell) {
  return (about: string, topic: Topic): Tell => {
    const tell = events(topic);
    return (problem) => {
      if (problem === undefined) remarks.delete(about);
      else remarks.set(about, problem);
      tell(problem);
    };
  };
}
