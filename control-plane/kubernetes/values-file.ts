// The chart's values as settings of injection: read at the start, and again when the kubelet brings a new file.
import { readFile } from "node:fs/promises";
import { errorText, PillionError } from "../../base/error.ts";
import { isObject, type Json } from "../../injector/json.ts";
import type { InjectorSettings } from "../../injector/settings.ts";
import { settingsFromValues } from "../../injector/values.ts";
import type { Topic } from "./events.ts";

/** What the values set. */
export type SettingsChanges = Partial<InjectorSettings>;

/** Settings from the text of a values file. @throws {PillionError} VALUES: one sentence with everything that is wrong. */
export function readValues(file: string, text: string): SettingsChanges {
  const wrong = (problem: string, cause?: unknown): PillionError =>
    new PillionError("VALUES", {
      problem,
      reason: "Pods would get another proxy than the one that was asked for",
      fix: "Correct the values and run helm upgrade",
      cause,
    });
  let values: Json;
  try {
    values = JSON.parse(text) as Json; // JSON.parse gives nothing but JSON.
  } catch (cause) {
    throw wrong(`the values in "${file}" are not JSON: ${errorText(cause)}`, cause);
  }
  if (!isObject(values)) throw wrong(`the values in "${file}" are not an object`);
  const sections = ["global", "pilot", "sidecarInjectorWebhook"].filter((name) => values[name] !== undefined);
  const misshapen = sections.find((name) => !isObject(values[name]));
  if (misshapen !== undefined) throw wrong(`the values in "${file}" have mistakes: ${misshapen} is not a section`);
  const { changes, problems } = settingsFromValues(values);
  if (problems.length > 0) throw wrong(`the values in "${file}" have mistakes: ${problems.join("; ")}`);
  return changes;
}

/** What Events say of values that came while the control plane ran. */
export const valuesInForce: Topic = {
  bad: "ValuesNotInForce",
  good: "ValuesInForce",
  goodMessage: "The chart's values are in force",
};

/** A file that may change. */
export interface FollowedValues {
  current(): SettingsChanges;
  /** Read it again. The same object when nothing changed. @throws {PillionError} VALUES: the last good ones stay. */
  refresh(): Promise<void>;
}

/** Read the file. @throws {PillionError} VALUES: it is missing or wrong. */
export async function followValues(file: string): Promise<FollowedValues> {
  let text = await read(file);
  let changes = readValues(file, text);
  return {
    current: () => changes,
    refresh: async () => {
      const next = await read(file);
      if (next === text) return;
      changes = readValues(file, next);
      text = next;
    },
  };
}

async function read(file: string): Promise<string> {
  try {
    return await readFile(file, "utf8");
  } catch (cause) {
    throw new PillionError("VALUES", {
      problem: `the values in "${file}" can't be read: ${errorText(cause)}`,
      fix: "Mount the ConfigMap with the chart's values there, or leave --values away",
      cause,
    });
  }
}
