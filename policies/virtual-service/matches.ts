// Conditions that can hold.
import { child } from "../../base/json-path.ts";
import { regexFault } from "../common/regex.ts";
import { type Complaint, rule } from "../rule.ts";
import { httpMatchesOf, httpRulesOf, stringMatchesOf } from "./walk.ts";

/** Regular expressions are of RE2. */
export const regularExpressions = rule({
  code: "PIL4008",
  kinds: ["VirtualService"],
  enforcement: "deny",
  summary: "regular expressions are of RE2",
  *check(object): Iterable<Complaint> {
    for (const { value, path } of stringMatchesOf(object)) {
      // Istio reads "*" as "whatever it is".
      const fault = value.regex === undefined || value.regex === "*" ? undefined : regexFault(value.regex);
      if (fault !== undefined) yield { path: child(path, "regex"), ...fault };
    }
  },
});

/** A text is matched in one way, and a prefix is not empty. */
export const stringMatches = rule({
  code: "PIL1217",
  guardsEnvoy: true,
  kinds: ["VirtualService"],
  enforcement: "deny",
  summary: "a text is matched by exact, prefix or regex, one of them",
  *check(object): Iterable<Complaint> {
    for (const { value, path } of stringMatchesOf(object)) {
      const ways = (["exact", "prefix", "regex"] as const).filter((way) => value[way] !== undefined);
      if (ways.length > 1) {
        yield {
          path,
          problem: `${ways.join(" and ")} are both set`,
          reason: "Only one of them would count",
          fix: "Keep one, or write two matches",
        };
      }
      if (value.prefix === "" && !path.endsWith(".uri")) {
        yield {
          path: child(path, "prefix"),
          problem: "the prefix is empty",
          reason: "It would match everything",
          fix: 'Write a prefix such as "/", or take the match away',
        };
      }
    }
  },
});

/** A prefix of nothing is nothing to match an origin by. */
export const corsOrigins = rule({
  code: "PIL1218",
  guardsEnvoy: true,
  kinds: ["VirtualService"],
  enforcement: "deny",
  summary: "allowed origins and methods of corsPolicy name something",
  *check(object): Iterable<Complaint> {
    for (const { value, path: rulePath } of httpRulesOf(object)) {
      const path = child(rulePath, "corsPolicy");
      for (const [index, origin] of (value.corsPolicy?.allowOrigins ?? []).entries()) {
        if ([origin.exact, origin.prefix, origin.regex].some((text) => text !== undefined && text !== "")) continue;
        yield {
          path: child(path, "allowOrigins", index),
          problem: "the origin is empty",
          reason: "No caller has it",
          fix: 'Write exact: "https://example.com"',
        };
      }
      for (const [index, method] of (value.corsPolicy?.allowMethods ?? []).entries()) {
        if (methods.has(method)) continue;
        yield {
          path: child(path, "allowMethods", index),
          problem: `"${method}" is no method of HTTP`,
          reason: "No request has it",
          fix: "Write methods in upper case, such as GET",
        };
      }
    }
  },
});

const methods = new Set(["*", "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "CONNECT", "OPTIONS", "TRACE"]);

/** Envoy refuses a query parameter without a name. */
export const queryNames = rule({
  code: "PIL4005",
  kinds: ["VirtualService"],
  enforcement: "deny",
  summary: "query parameters have names",
  *check(object): Iterable<Complaint> {
    for (const { value, path } of httpMatchesOf(object)) {
      if (!Object.hasOwn(value.queryParams ?? {}, "")) continue;
      yield {
        path: child(path, "queryParams"),
        problem: 'a query parameter has the name ""',
        reason: "Envoy refuses such a route, and with it every later update of the routes of this port",
        fix: "Name the parameter",
      };
    }
  },
});

/** A delegate is named. */
export const delegateNames = rule({
  code: "PIL1219",
  guardsEnvoy: true,
  kinds: ["VirtualService"],
  enforcement: "deny",
  summary: "delegates are named",
  *check(object): Iterable<Complaint> {
    for (const { value, path } of httpRulesOf(object)) {
      if (value.delegate === undefined || (value.delegate.name ?? "") !== "") continue;
      yield {
        path: child(path, "delegate"),
        problem: "the delegate has no name",
        reason: "Nothing would handle the requests",
        fix: "Name a VirtualService that has no hosts",
      };
    }
  },
});
