import { nearest } from "../../api/nearest.ts";
import { child, jsonPath } from "../../base/json-path.ts";
import { isVisible } from "../../model/hosts.ts";
import { gatewayName, isDelegate } from "../../model/virtual-services.ts";
import { lookUp } from "../../model/world.ts";
import { type Complaint, rule } from "../rule.ts";
import { httpRulesOf } from "../virtual-service/walk.ts";

/** Gateways for which a similar one is looked for among all that there are. */
const mostGuesses = 50;

/** A gateway is "mesh" or a Gateway that is there. */
export const unknownGateway = rule({
  code: "PIL2102",
  alias: "IST0101",
  kinds: ["VirtualService"],
  enforcement: "warn",
  summary: "gateways are Gateways that exist",
  *check({ metadata, spec }, { world }): Iterable<Complaint> {
    const known = [...world.objects.Gateway.keys()];
    let guesses = 0;
    for (const [index, written] of (spec.gateways ?? []).entries()) {
      const full = gatewayName(written, metadata.namespace);
      const [namespace = "", name = ""] = full.split("/");
      if (full === "mesh" || lookUp(world, "Gateway", namespace, name) !== undefined) continue;
      guesses += 1;
      const near =
        guesses > mostGuesses ? undefined : (nearest(full, known) ?? known.find((key) => key.endsWith(`/${name}`)));
      yield {
        path: jsonPath("spec", "gateways", index),
        problem: `there is no Gateway ${full}`,
        reason: "No gateway would serve these hosts, and callers would get 404",
        fix: near === undefined ? "Create the Gateway" : `Write "${near}", or create the Gateway`,
      };
    }
  },
});

/** A delegate is a VirtualService without hosts that the root may see. */
export const unknownDelegate = rule({
  code: "PIL2104",
  alias: "IST0101",
  kinds: ["VirtualService"],
  enforcement: "warn",
  summary: "delegates are VirtualServices without hosts",
  *check(object, { world }): Iterable<Complaint> {
    for (const { value, path } of httpRulesOf(object)) {
      const { delegate } = value;
      if (delegate?.name === undefined || delegate.name === "") continue;
      const namespace = delegate.namespace ?? object.metadata.namespace;
      const found = lookUp(world, "VirtualService", namespace, delegate.name);
      const full = `${namespace}/${delegate.name}`;
      const place = child(path, "delegate");
      const reason = "The rule has no effect: requests go on to the next one";
      if (found === undefined) {
        yield { path: place, problem: `there is no VirtualService ${full}`, reason, fix: "Create it, without hosts" };
      } else if (!isDelegate(found)) {
        yield {
          path: place,
          problem: `VirtualService ${full} has hosts`,
          reason,
          fix: "Take its hosts away, or name another",
        };
      } else if (!isVisible(found.spec.exportTo ?? [], namespace, object.metadata.namespace)) {
        yield {
          path: place,
          problem: `VirtualService ${full} is not exported to namespace "${object.metadata.namespace}"`,
          reason,
          fix: `Add "${object.metadata.namespace}" to its exportTo`,
        };
      }
    }
  },
});
