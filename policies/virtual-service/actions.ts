// What a rule does: exactly one thing.
import type { HttpRoute } from "../../api/http-route.ts";
import { child, jsonPath } from "../../base/json-path.ts";
import { isDelegate } from "../../model/virtual-services.ts";
import { type Complaint, rule } from "../rule.ts";
import { httpRulesOf } from "./walk.ts";

/** An HTTP rule routes, redirects, answers itself or delegates: one of them. */
export const oneAction = rule({
  code: "PIL1204",
  kinds: ["VirtualService"],
  enforcement: "deny",
  summary: "an HTTP rule does exactly one thing",
  *check(object): Iterable<Complaint> {
    for (const { value, path } of httpRulesOf(object)) {
      const actions = actionsOf(value);
      if (actions.length === 0) {
        yield {
          path,
          problem: "the rule has no route, redirect, directResponse or delegate",
          reason: "Envoy could do nothing with the requests that match",
          fix: "Add a route with a destination",
        };
      }
      const [first, second] = actions;
      if (second !== undefined) {
        yield {
          path,
          problem: `the rule has ${first} and ${second}`,
          reason: "A request can be handled in one way only",
          fix: `Keep one of them, or make two rules with different matches`,
        };
      }
      yield* contradictions(value, path);
    }
  },
});

/** A VirtualService without hosts is a delegate: it has HTTP rules only, and others say for which gateways. */
export const delegateShape = rule({
  code: "PIL1205",
  kinds: ["VirtualService"],
  enforcement: "deny",
  summary: "a VirtualService without hosts has HTTP rules only",
  *check(object): Iterable<Complaint> {
    if (!isDelegate(object)) return;
    for (const field of ["gateways", "tls", "tcp"] as const) {
      if ((object.spec[field]?.length ?? 0) === 0) continue;
      yield {
        path: jsonPath("spec", field),
        problem: `there are ${field} but no hosts`,
        reason: "Without hosts it is a delegate, whose root names hosts and gateways and passes HTTP requests on",
        fix: `Add spec.hosts, or take ${field} away`,
      };
    }
    for (const { value, path } of httpRulesOf(object)) {
      if (value.delegate === undefined) continue;
      yield {
        path: child(path, "delegate"),
        problem: "a delegate delegates",
        reason: "Delegation goes one level deep",
        fix: "Write the rules here",
      };
    }
  },
});

/** There is at least one rule. */
export const anyRules = rule({
  code: "PIL1206",
  kinds: ["VirtualService"],
  enforcement: "deny",
  summary: "a VirtualService has rules",
  *check({ spec }): Iterable<Complaint> {
    if ([spec.http, spec.tcp, spec.tls].some((list) => (list?.length ?? 0) > 0)) return;
    yield {
      path: jsonPath("spec"),
      problem: "there are no rules",
      reason: "The object would do nothing",
      fix: "Add http, tcp or tls",
    };
  },
});

function actionsOf(rule: HttpRoute): readonly string[] {
  const present = [
    ["route", (rule.route?.length ?? 0) > 0],
    ["redirect", rule.redirect !== undefined],
    ["directResponse", rule.directResponse !== undefined],
    ["delegate", rule.delegate !== undefined],
  ] as const;
  return present.flatMap(([name, there]) => (there ? [name] : []));
}

/** Fields that change a request on its way make no sense where the request goes nowhere. */
function* contradictions(rule: HttpRoute, path: Complaint["path"]): Iterable<Complaint> {
  const answer =
    rule.redirect !== undefined ? "redirect" : rule.directResponse !== undefined ? "directResponse" : undefined;
  for (const field of ["fault", "rewrite"] as const) {
    if (answer === undefined || rule[field] === undefined) continue;
    yield {
      path: child(path, field),
      problem: `the rule has ${answer} and ${field}`,
      reason: `${answer === "redirect" ? "A redirected" : "An answered"} request goes nowhere, so ${field} could not act`,
      fix: `Take ${field} away`,
    };
  }
  if (rule.mirror !== undefined && (rule.mirrors?.length ?? 0) > 0) {
    yield {
      path: child(path, "mirror"),
      problem: "the rule has mirror and mirrors",
      reason: "They are two forms of the same",
      fix: "Move mirror into mirrors",
    };
  }
}
