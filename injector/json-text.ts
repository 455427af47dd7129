// JSON as Base64, where large parts of it are the same in thousands of pods: these are written once, and the largest encoded.
import { isList, isObject, type Json, type JsonObject } from "./json.ts";

/** A short text is encoded together with what stands around it. */
interface Kept {
  readonly json: string;
  readonly base64: string | undefined;
}

const kept = new WeakMap<JsonObject, Kept>();

/** From here on it pays to encode a text on its own. */
const longCharacters = 1_000;

/** Write an object now, for all who ask later. The object must not change any more. */
export function keepText(value: JsonObject): JsonObject {
  const json = JSON.stringify(value);
  kept.set(value, json.length < longCharacters ? { json, base64: undefined } : { json: "", base64: encoded(json) });
  return value;
}

/** Whether {@link keepText} had this object, or one of this list. */
export function hasKeptText(value: Json): boolean {
  return isList(value) ? value.some(hasKeptText) : isObject(value) && kept.has(value);
}

/** Puts JSON together, piece by piece. */
export interface JsonWriter {
  /** A piece as it stands in JSON. */
  text(json: string): void;
  /** What was kept goes in as it is. */
  value(value: Json): void;
  /** Base64 of all that was written. */
  base64(): string;
}

/** A writer of one JSON text; spaces around what was encoded before make the pieces fit. */
export function jsonWriter(): JsonWriter {
  let done = "";
  let pending = "";
  const encodePending = (): void => {
    done += encoded(pending);
    pending = "";
  };
  const value = (one: Json): void => {
    const known = isObject(one) ? kept.get(one) : undefined;
    if (known?.base64 !== undefined) {
      encodePending();
      done += known.base64;
    } else if (known !== undefined) {
      pending += known.json;
    } else if (isList(one) && hasKeptText(one)) {
      for (let index = 0; index < one.length; index++) {
        pending += index === 0 ? "[" : ",";
        value(one[index] ?? null);
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
  return Buffer.from(over === 0 ? json : json + "  ".slice(over - 1)).toString("base64");
}
