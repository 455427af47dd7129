// JSON as Base64, where large parts of it are the same in thousands of pods: these are written and encoded once.
import { isList, isObject, type Json, type JsonObject } from "./json.ts";

const kept = new WeakMap<JsonObject, string>();

/** Write and encode an object now, for all who ask later. The object must not change any more. */
export function keepText(value: JsonObject): JsonObject {
  kept.set(value, encoded(JSON.stringify(value)));
  return value;
}

/** Puts JSON together, piece by piece. */
export interface JsonWriter {
  /** Punctuation and names, as they stand in JSON. */
  text(json: string): void;
  value(value: Json): void;
  /** Base64 of all that was written. */
  base64(): string;
}

/** What was kept goes in as it is; spaces around it make the encoded pieces fit. */
export function jsonWriter(): JsonWriter {
  let done = "";
  let pending = "";
  const encodePending = (): void => {
    done += encoded(pending);
    pending = "";
  };
  const value = (one: Json): void => {
    const known = isObject(one) ? kept.get(one) : undefined;
    if (known !== undefined) {
      encodePending();
      done += known;
    } else if (isList(one)) {
      pending += "[";
      for (const [index, item] of one.entries()) {
        if (index > 0) pending += ",";
        value(item);
      }
      pending += "]";
    } else pending += JSON.stringify(one);
  };
  return {
    text: (json) => {
      pending += json;
    },
    value,
    base64: () => {
      encodePending();
      return done;
    },
  };
}

/** Three bytes become four characters, so texts of whole groups can stand one behind the other when they are encoded. */
const groupBytes = 3;

function encoded(json: string): string {
  const over = Buffer.byteLength(json) % groupBytes;
  return Buffer.from(over === 0 ? json : json + " ".repeat(groupBytes - over)).toString("base64");
}
