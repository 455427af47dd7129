// Names that several control planes may want: a revision, or a tag of one. Who has a name keeps it; of two that took a tag at
// once, the one whose configuration is older.
import { isObject, type JsonObject, objectAt, textAt, textsAt } from "../../injector/json.ts";

/** On our configuration: its tags, separated by commas. */
export const tagsAnnotation = "pillion.io/tags";
const revisionLabel = "istio.io/rev";
/** On configurations that Istio makes for a tag. */
const istioTagLabel = "istio.io/tag";

/** What a MutatingWebhookConfiguration says of names. */
interface Holder {
  readonly configuration: string;
  readonly revision: string;
  readonly tags: readonly string[];
  /** Sorts the older ones first. */
  readonly age: string;
}

/** A tag that another control plane has. */
export interface TakenTag {
  readonly tag: string;
  readonly configuration: string;
}

/** Who has a name as its revision or tag, apart from the configuration `own`; undefined when it is free. */
export function holderOf(name: string, configurations: readonly JsonObject[], own: string): string | undefined {
  return configurations
    .map(holder)
    .find((one) => one.configuration !== own && (one.revision === name || one.tags.includes(name)))?.configuration;
}

/** Which of these tags another configuration has than `own`. */
export function takenTags(
  tags: readonly string[],
  configurations: readonly JsonObject[],
  own: string,
): readonly TakenTag[] {
  const holders = configurations.map(holder);
  const ours = holders.find(({ configuration }) => configuration === own);
  return tags.flatMap((tag) => {
    const other = holders.find(
      (one) =>
        one.configuration !== own &&
        (one.revision === tag ||
          (one.tags.includes(tag) && !(ours?.tags.includes(tag) === true && ours.age < one.age))),
    );
    return other === undefined ? [] : [{ tag, configuration: other.configuration }];
  });
}

/** Whether a configuration has a say in this. */
export function isHolder(configuration: unknown): boolean {
  // It came from JSON.
  const json = configuration as JsonObject;
  return isObject(json) && textsAt(objectAt(json, "metadata"), "labels")[revisionLabel] !== undefined;
}

function holder(configuration: JsonObject): Holder {
  const metadata = objectAt(configuration, "metadata");
  const labels = textsAt(metadata, "labels");
  const tags = (textsAt(metadata, "annotations")[tagsAnnotation] ?? "").split(",");
  const istioTag = labels[istioTagLabel];
  const name = textAt(metadata, "name");
  return {
    configuration: name,
    // Istio's configuration of a tag has the label of the revision that it leads to, and is not that revision's own.
    revision: istioTag === undefined ? (labels[revisionLabel] ?? "") : "",
    tags: [...tags, istioTag ?? ""].filter((tag) => tag !== ""),
    age: `${textAt(metadata, "creationTimestamp")} ${name}`,
  };
}
