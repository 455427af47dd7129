// Istio's exact, prefix and regex as Envoy's matchers. What Envoy would refuse becomes the nearest thing it takes.
import { create, type MessageInitShape } from "@bufbuild/protobuf";
import type { StringMatch } from "../../api/http-route.ts";
import { re2Fault } from "../../model/re2.ts";
import { type RegexMatcher, RegexMatcherSchema } from "../proto/envoy/type/matcher/v3/regex_pb.ts";
import { type StringMatcher, StringMatcherSchema } from "../proto/envoy/type/matcher/v3/string_pb.ts";

/** A regular expression in RE2's syntax; Envoy matches it against the whole text. */
export function regexMatcher(regex: string): RegexMatcher {
  return create(RegexMatcherSchema, { regex });
}

/** Whether Envoy would take this expression. */
export function isRe2(regex: string): boolean {
  return re2Fault(regex) === undefined;
}

/** A matcher for a text; undefined where the match says nothing and presence is all that is asked for. */
export function stringMatcher(match: StringMatch): StringMatcher | undefined {
  const pattern = patternOf(match);
  return pattern === undefined ? undefined : create(StringMatcherSchema, { matchPattern: pattern });
}

function patternOf(match: StringMatch): MessageInitShape<typeof StringMatcherSchema>["matchPattern"] {
  if (match.exact !== undefined) return { case: "exact", value: match.exact };
  if (match.prefix !== undefined && match.prefix !== "") return { case: "prefix", value: match.prefix };
  if (match.regex === "") return { case: "exact", value: "" };
  // "*" is no expression, but many people wrote it for "anything", and Istio took it.
  if (match.regex !== undefined && match.regex !== "*" && isRe2(match.regex))
    return { case: "safeRegex", value: regexMatcher(match.regex) };
  return undefined;
}
