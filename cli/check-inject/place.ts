// `POD`, `KIND/NAME` or `KIND NAME`, in the short forms that kubectl takes, as a path of the API server.
import { PillionError } from "../../base/error.ts";

/** An object of a namespace. */
export interface Place {
  readonly path: string;
  readonly namespace: string;
}

const kinds: ReadonlyMap<string, string> = new Map(
  Object.entries({
    pod: "api/v1 pods",
    po: "api/v1 pods",
    deployment: "apis/apps/v1 deployments",
    deploy: "apis/apps/v1 deployments",
    statefulset: "apis/apps/v1 statefulsets",
    sts: "apis/apps/v1 statefulsets",
    daemonset: "apis/apps/v1 daemonsets",
    ds: "apis/apps/v1 daemonsets",
    replicaset: "apis/apps/v1 replicasets",
    rs: "apis/apps/v1 replicasets",
    job: "apis/batch/v1 jobs",
    cronjob: "apis/batch/v1 cronjobs",
    cj: "apis/batch/v1 cronjobs",
  }),
);

/** What the words of a command line name. @throws {PillionError} CHECK_INJECT */
export function placeOf(words: readonly string[], namespace: string): Place {
  const [word = "", name, ...more] = words.length === 1 ? (words[0] ?? "").split("/") : words;
  const [kind, named] = name === undefined ? ["pod", word] : [word.toLowerCase(), name];
  const [group, plural] = (kinds.get(kind) ?? kinds.get(kind.replace(/s$/, "")) ?? "").split(" ");
  if (plural === undefined || named === "" || more.length > 0) {
    throw new PillionError("CHECK_INJECT", {
      problem: words.length === 0 ? "no pod is named" : `"${words.join(" ")}" names no pod and no workload`,
      fix: "Name one: pillion check-inject deployment/reviews-v1 -n shop",
    });
  }
  return { path: `/${group ?? ""}/namespaces/${namespace}/${plural}/${named}`, namespace };
}
