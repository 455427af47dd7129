// Durations in the form that Envoy's messages have.
import { create } from "@bufbuild/protobuf";
import { type Duration, DurationSchema } from "@bufbuild/protobuf/wkt";
import { parseDuration } from "../api/duration.ts";

/** A duration of so many milliseconds, never below zero. */
export function milliseconds(ms: number): Duration {
  const nanos = Math.max(0, Math.round(ms * 1e6));
  return create(DurationSchema, { seconds: BigInt(Math.floor(nanos / 1e9)), nanos: nanos % 1e9 });
}

/** A duration from Go's text, such as "0.5s"; undefined for no text, and for one that is no duration. */
export function durationOf(text: string | undefined): Duration | undefined {
  const ms = text === undefined ? undefined : parseDuration(text);
  return ms === undefined ? undefined : milliseconds(ms);
}

/** Like {@link durationOf}, and undefined also where it is not above zero: many of Envoy's fields refuse 0s. */
export function positiveDuration(text: string | undefined): Duration | undefined {
  const ms = text === undefined ? undefined : parseDuration(text);
  return ms === undefined || ms <= 0 ? undefined : milliseconds(ms);
}
