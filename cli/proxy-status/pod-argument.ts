// `[TYPE/]NAME[.NAMESPACE]`: how people name a pod, or the pods of a Deployment.
import { PillionError } from "../../base/error.ts";

/** Which pods are meant. */
export interface PodArgument {
  readonly type: "pod" | "deployment";
  /** As written; a dot may be part of the name, or stand before the namespace. */
  readonly text: string;
}

const types: Readonly<Record<string, PodArgument["type"]>> = {
  pod: "pod",
  pods: "pod",
  po: "pod",
  deploy: "deployment",
  deployment: "deployment",
  deployments: "deployment",
};

/** @throws {PillionError} POD_ARGUMENT when it names something else. */
export function parsePodArgument(argument: string): PodArgument {
  const slash = argument.indexOf("/");
  const type = slash < 0 ? "pod" : types[argument.slice(0, slash).replace(/\.apps$/, "")];
  const text = argument.slice(slash + 1);
  if (type !== undefined && text !== "") return { type, text };
  throw new PillionError("POD_ARGUMENT", {
    problem: `"${argument}" names no pod`,
    fix: "Write it like web-1, web-1.shop, pod/web-1.shop or deploy/web.shop",
  });
}

/** Whether "POD.NAMESPACE" is meant; `namespace` counts where the argument names none. */
export function isMeant({ type, text }: PodArgument, proxy: string, namespace: string): boolean {
  const dot = proxy.lastIndexOf(".");
  const [pod, ownNamespace] = [proxy.slice(0, dot), proxy.slice(dot + 1)];
  const ownName = type === "pod" ? pod : deploymentOf(pod);
  if (ownName === undefined) return false;
  return `${ownName}.${ownNamespace}` === text || (ownName === text && ownNamespace === namespace);
}

/** The Deployment of a pod follows from its name: NAME-REPLICASET-POD. */
function deploymentOf(pod: string): string | undefined {
  return /^(.+)-[a-z0-9]+-[a-z0-9]{5}$/.exec(pod)?.[1];
}
