/** What the four bookinfo services share: their settings from flags and environment, and where they find one another. */
import type { ServerResponse } from "node:http";
import { parseArgs } from "node:util";
import { sendJson } from "../answer.ts";
import { parsePort, podName } from "../serve.ts";

/** Who a running service is. */
export interface ServiceIdentity {
  /** Shown on the page and in answers. */
  readonly pod: string;
  /** `v1`, `v2`, ... */
  readonly version: string;
}

/** A response header that names the version which answered; the product page shows it. */
export const versionHeader = "x-bookinfo-version";

const defaultPort = 9080;

/** Settings of a service: `--port` or PORT (default 9080), `--version` or SERVICE_VERSION (default v1). */
export function serviceSettings(): ServiceIdentity & { readonly port: number } {
  const { values } = parseArgs({ options: { port: { type: "string" }, version: { type: "string" } } });
  return {
    pod: podName(),
    version: values.version ?? process.env["SERVICE_VERSION"] ?? "v1",
    port: parsePort(values.port ?? process.env["PORT"], defaultPort),
  };
}

/**
 * Base URL of another bookinfo service. DETAILS_HOSTNAME and the like replace the host (`host` or `host:port`),
 * SERVICES_DOMAIN is appended to it.
 */
export function serviceUrl(name: "details" | "reviews" | "ratings", environment: NodeJS.ProcessEnv): string {
  const [host, port = String(defaultPort)] = (environment[`${name.toUpperCase()}_HOSTNAME`] ?? name).split(":");
  const domain = environment["SERVICES_DOMAIN"] ?? "";
  return `http://${host}${domain === "" ? "" : `.${domain}`}:${port}`;
}

/** Answers `/health`, which the kubelet may ask. */
export function sendHealth(response: ServerResponse, service: string): void {
  sendJson(response, 200, { status: `${service} is healthy` });
}

/** The path of a request without its query. */
export function pathOf(url: string | undefined): string {
  return (url ?? "/").split("?", 1)[0] ?? "/";
}

/** The number after `prefix`, as in `/details/0`; `undefined` for any other path. */
export function productId(path: string, prefix: string): number | undefined {
  const digits = path.startsWith(prefix) ? path.slice(prefix.length) : "";
  return /^\d{1,9}$/.test(digits) ? Number(digits) : undefined;
}
