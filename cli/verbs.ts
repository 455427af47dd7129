// The verbs, one file each in verbs/. A verb's code is loaded when it is called, so that `validate` does not wait for gRPC.
import type { Verb } from "./verb.ts";

interface Entry {
  readonly name: string;
  /** A shorter name that people know. */
  readonly alias?: string;
  readonly summary: string;
  load(): Promise<Verb>;
}

export const verbs: readonly Entry[] = [
  {
    name: "demo",
    summary: "run bookinfo on this machine, through real sidecars",
    load: async () => (await import("./verbs/demo.ts")).demo,
  },
  {
    name: "control-plane",
    summary: "serve webhooks and proxies, from an API server or a directory of YAML",
    load: async () => (await import("./verbs/control-plane.ts")).controlPlane,
  },
  {
    name: "sandbox",
    summary: "look into a running demo: pods, exec, logs",
    load: async () => (await import("./verbs/sandbox.ts")).sandbox,
  },
  {
    name: "validate",
    summary: "check YAML, each object alone",
    load: async () => (await import("./verbs/validate.ts")).validate,
  },
  {
    name: "analyze",
    summary: "check YAML, all objects together",
    load: async () => (await import("./verbs/analyze.ts")).analyze,
  },
  {
    name: "kube-inject",
    summary: "put the proxy into the pods of a YAML file",
    load: async () => (await import("./verbs/kube-inject.ts")).kubeInject,
  },
  {
    name: "check-inject",
    summary: "say which webhook would inject a pod, or why none does",
    load: async () => (await import("./verbs/check-inject.ts")).checkInject,
  },
  {
    name: "manifest",
    summary: "print the YAML of an installation",
    load: async () => (await import("./verbs/manifest.ts")).manifest,
  },
  {
    name: "check",
    summary: "look at the mesh on a cluster, and whether its webhook is reached",
    load: async () => (await import("./verbs/check.ts")).check,
  },
  {
    name: "proxy-status",
    alias: "ps",
    summary: "which proxies are connected, and whether each has what it should",
    load: async () => (await import("./verbs/proxy-status.ts")).proxyStatus,
  },
];

/** The verb of that name or alias, loaded. */
export async function loadVerb(name: string): Promise<Verb | undefined> {
  return verbs.find((entry) => entry.name === name || entry.alias === name)?.load();
}
