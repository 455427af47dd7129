// What the webhooks count, for whoever watches the control plane.
import { Counter, Histogram, type Registry } from "prom-client";
import type { AdmissionResponse } from "./response.ts";

export interface WebhookMetrics {
  /** One request was answered. */
  answered(webhook: "inject" | "validate", response: AdmissionResponse, seconds: number): void;
  /** One request could not be read. */
  refused(status: number): void;
}

/** Metrics in this registry. */
export function webhookMetrics(registry: Registry): WebhookMetrics {
  const requests = new Counter({
    name: "pillion_admission_requests_total",
    help: "Admission requests by webhook and answer",
    labelNames: ["webhook", "answer"] as const,
    registers: [registry],
  });
  const durations = new Histogram({
    name: "pillion_admission_seconds",
    help: "Time from the complete request to the answer",
    labelNames: ["webhook"] as const,
    buckets: [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.1, 0.5, 2],
    registers: [registry],
  });
  const refusals = new Counter({
    name: "pillion_admission_unreadable_total",
    help: "Requests that were no admission reviews, by HTTP status",
    labelNames: ["status"] as const,
    registers: [registry],
  });
  return {
    answered(webhook, response, seconds) {
      requests.inc({ webhook, answer: answerOf(response) });
      durations.observe({ webhook }, seconds);
    },
    refused: (status) => refusals.inc({ status: String(status) }),
  };
}

function answerOf(response: AdmissionResponse): "allowed" | "patched" | "denied" | "error" {
  if (response.allowed) return response.patch === undefined ? "allowed" : "patched";
  return response.status?.code === 422 ? "denied" : "error";
}
