// Shares of traffic: what must be, what Envoy can count, and what surprises.
import type { RouteDestination } from "../../api/virtual-service.ts";
import { child } from "../../base/json-path.ts";
import { type Complaint, rule } from "../rule.ts";
import { items, splitsOf } from "./walk.ts";

/** The largest sum of weights that Envoy counts to. */
const largestSum = 4_294_967_295;

/** Weights are not negative. */
export const negativeWeight = rule({
  code: "PIL1201",
  guardsEnvoy: true,
  kinds: ["VirtualService"],
  enforcement: "deny",
  summary: "weights are not negative",
  *check(object): Iterable<Complaint> {
    for (const { value, path } of splitsOf(object).flatMap((split) => items(split.value, split.path))) {
      if ((value.weight ?? 0) >= 0) continue;
      yield {
        path: child(path, "weight"),
        problem: `the weight is ${value.weight}`,
        reason: "A share of the traffic cannot be less than nothing",
        fix: "Write 0 or more",
      };
    }
  },
});

/** Of several destinations at least one has a weight. */
export const zeroWeights = rule({
  code: "PIL1202",
  guardsEnvoy: true,
  kinds: ["VirtualService"],
  enforcement: "deny",
  summary: "of several destinations at least one has a weight",
  *check(object): Iterable<Complaint> {
    for (const { value, path } of splitsOf(object)) {
      if (value.length < 2 || sumOf(value) !== 0) continue;
      yield {
        path,
        problem: `the weights of ${value.length} destinations sum to 0`,
        reason: "Envoy would have nowhere to send the traffic",
        fix: `Give each destination a weight, such as ${evenShares(value.length).join(" and ")}`,
      };
    }
  },
});

/** Weights that sum to something other than 100 work, but seldom say what they seem to say. */
export const unusualWeights = rule({
  code: "PIL1203",
  kinds: ["VirtualService"],
  enforcement: "warn",
  summary: "weights sum to 100",
  *check(object): Iterable<Complaint> {
    for (const { value, path } of splitsOf(object)) {
      const sum = sumOf(value);
      if (value.length < 2 || sum === 100 || sum <= 0) continue;
      const shares = value.map(({ destination, weight }) => {
        const subset = destination.subset === undefined ? "" : ` ${destination.subset}`;
        return `${destination.host}${subset} ${percent((weight ?? 0) / sum)}`;
      });
      yield {
        path,
        problem: `the weights sum to ${sum}, not to 100`,
        reason: `The traffic is split in relation to the sum: ${shares.join(", ")}`,
        fix: "Write weights that sum to 100 if you mean percentages",
      };
    }
  },
});

/** Envoy refuses a sum of weights that 32 bits cannot hold. */
export const tooLargeWeights = rule({
  code: "PIL4001",
  kinds: ["VirtualService"],
  enforcement: "deny",
  summary: "the sum of weights fits into 32 bits",
  *check(object): Iterable<Complaint> {
    for (const { value, path } of splitsOf(object)) {
      const sum = sumOf(value);
      if (sum <= largestSum) continue;
      yield {
        path,
        problem: `the weights sum to ${sum}, above ${largestSum}`,
        reason: "Envoy refuses such a route, and with it every later update of the routes of this port",
        fix: "Divide all weights by the same number, such that they sum to 100",
      };
    }
  },
});

function sumOf(destinations: readonly RouteDestination[]): number {
  return destinations.reduce((sum, { weight }) => sum + (weight ?? 0), 0);
}

function percent(share: number): string {
  return `${Math.round(share * 1000) / 10} %`;
}

function evenShares(count: number): readonly number[] {
  const least = Math.floor(100 / count);
  return Array.from({ length: count }, (_, index) => (index === 0 ? 100 - least * (count - 1) : least));
}
