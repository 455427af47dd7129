// Regular expressions as Envoy reads them: RE2, in linear time, without look-around and back-references.
import { re2Fault } from "../../model/re2.ts";

/** Longer expressions cost more than they are worth; Istio draws the line here, too. */
const longestRegex = 1024;

/** What is wrong with an expression, as parts of a complaint; undefined when nothing is. */
export function regexFault(regex: string): { problem: string; reason: string; fix: string } | undefined {
  const reason = "Envoy would refuse the route, and with it every later update of the routes of this port";
  if (regex === "")
    return {
      problem: "the regular expression is empty",
      reason: "It would match nothing but an empty text",
      fix: "Write an expression, or take the match away",
    };
  if (regex.length > longestRegex) {
    return {
      problem: `the regular expression has ${regex.length} characters`,
      reason: `At most ${longestRegex} are accepted`,
      fix: "Split it into several matches",
    };
  }
  const message = re2Fault(regex);
  if (message === undefined) return undefined;
  return {
    problem: `the regular expression "${regex}" is none of RE2: ${message}`,
    reason,
    fix: "See https://github.com/google/re2/wiki/Syntax; RE2 has no look-around and no back-references",
  };
}
