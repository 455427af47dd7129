// Faults that are injected on purpose, and status codes that Envoy can send.

import { nearest } from "../../api/nearest.ts";
import { child } from "../../base/json-path.ts";
import { type Complaint, rule } from "../rule.ts";
import { httpRulesOf } from "./walk.ts";

/** A fault delays or aborts, in a way that Envoy knows. */
export const faults = rule({
  code: "PIL1220",
  guardsEnvoy: true,
  kinds: ["VirtualService"],
  enforcement: "deny",
  summary: "a fault delays or aborts",
  *check(object): Iterable<Complaint> {
    for (const { value, path: rulePath } of httpRulesOf(object)) {
      const { fault } = value;
      if (fault === undefined) continue;
      const path = child(rulePath, "fault");
      const { delay, abort } = fault;
      if (delay === undefined && abort === undefined) {
        yield {
          path,
          problem: "the fault neither delays nor aborts",
          reason: "It would do nothing",
          fix: "Add delay or abort",
        };
      }
      if (delay?.exponentialDelay !== undefined) {
        yield {
          path: child(path, "delay", "exponentialDelay"),
          problem: "exponentialDelay is set",
          reason: "Envoy has no such delay",
          fix: "Use fixedDelay",
        };
      }
      if (abort?.http2Error !== undefined) {
        yield {
          path: child(path, "abort", "http2Error"),
          problem: "http2Error is set",
          reason: "Envoy has no such abort",
          fix: "Use httpStatus or grpcStatus",
        };
      }
      const grpc = abort?.grpcStatus;
      if (grpc !== undefined && !grpcStatuses.includes(grpc)) {
        const near = nearest(grpc, grpcStatuses);
        yield {
          path: child(path, "abort", "grpcStatus"),
          problem: `"${grpc}" is no status of gRPC`,
          reason: "Callers could not read it",
          fix: `Write ${near ?? "a name such as UNAVAILABLE"}`,
        };
      }
    }
  },
});

/** Statuses are of HTTP; Envoy refuses others, and 600. */
export const statuses = rule({
  code: "PIL4002",
  kinds: ["VirtualService"],
  enforcement: "deny",
  summary: "status codes are 200 to 599",
  *check(object): Iterable<Complaint> {
    for (const { value, path } of httpRulesOf(object)) {
      const places = [
        { status: value.directResponse?.status, path: child(path, "directResponse", "status") },
        { status: value.fault?.abort?.httpStatus, path: child(path, "fault", "abort", "httpStatus") },
      ];
      for (const { status, path: place } of places) {
        if (status === undefined || (status >= 200 && status <= 599)) continue;
        yield {
          path: place,
          problem: `the status is ${status}`,
          reason: "Envoy refuses such a route, and with it every later update of the routes of this port",
          fix: "Write a status of 200 to 599",
        };
      }
    }
  },
});

/** Percentages are 0 to 100, and not smaller than what Envoy can tell from 0. */
export const percentages = rule({
  code: "PIL1221",
  guardsEnvoy: true,
  kinds: ["VirtualService"],
  enforcement: "deny",
  summary: "percentages are 0 to 100",
  *check(object): Iterable<Complaint> {
    for (const { value, path } of httpRulesOf(object)) {
      const { fault, mirrorPercentage, mirrorPercent, mirrors } = value;
      const shares = [
        { share: fault?.delay?.percentage?.value, least, path: child(path, "fault", "delay", "percentage", "value") },
        { share: fault?.delay?.percent, least, path: child(path, "fault", "delay", "percent") },
        { share: fault?.abort?.percentage?.value, least, path: child(path, "fault", "abort", "percentage", "value") },
        { share: mirrorPercentage?.value, least: 0, path: child(path, "mirrorPercentage", "value") },
        { share: mirrorPercent, least: 0, path: child(path, "mirrorPercent") },
        ...(mirrors ?? []).map(({ percentage }, index) => ({
          share: percentage?.value,
          least: 0,
          path: child(path, "mirrors", index, "percentage", "value"),
        })),
      ];
      for (const { share, least: smallest, path: place } of shares) {
        if (share === undefined || share === 0 || (share >= smallest && share <= 100)) continue;
        yield {
          path: place,
          problem: `the percentage is ${share}`,
          reason:
            share > 0 && share < smallest ? "Envoy counts in steps of 0.0001 %" : "A share lies between 0 and 100",
          fix: "Write 0 to 100",
        };
      }
    }
  },
});

/** One in a million, the finest that Envoy counts. */
const least = 0.0001;

const grpcStatuses = [
  "OK",
  "CANCELLED",
  "UNKNOWN",
  "INVALID_ARGUMENT",
  "DEADLINE_EXCEEDED",
  "NOT_FOUND",
  "ALREADY_EXISTS",
  "PERMISSION_DENIED",
  "UNAUTHENTICATED",
  "RESOURCE_EXHAUSTED",
  "FAILED_PRECONDITION",
  "ABORTED",
  "OUT_OF_RANGE",
  "UNIMPLEMENTED",
  "INTERNAL",
  "UNAVAILABLE",
  "DATA_LOSS",
];
