// What a proxy was sent, in words that a test can compare and a person can read.
import { type TypeUrl, typeUrls } from "../../envoy/resource.ts";
import type { SimulatedProxy } from "./simulated-proxy.ts";

const { cluster, endpoints, listener, route, secret, virtualHost } = typeUrls;

/** A letter for each type. */
export const short = new Map<TypeUrl, string>([
  [cluster, "C"],
  [endpoints, "E"],
  [secret, "S"],
  [listener, "L"],
  [route, "R"],
  [virtualHost, "V"],
]);

/** A log of messages in words: "C web", "V 80/none(-)", "C !old". */
export const words = (proxy: SimulatedProxy, from = 0): string[] =>
  proxy.sent.slice(from).map(({ message }) => {
    const put = message.resources.map((item) => item.name + (item.resource === undefined ? "(-)" : ""));
    return [short.get(message.type), ...put, ...message.removed.map((name) => `!${name}`)].join(" ");
  });
