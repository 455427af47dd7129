// Pods that should have a proxy and have none.
import { child, jsonPath } from "../../base/json-path.ts";
import { injectLabel, selectedRevision } from "../../model/injection-labels.ts";
import { sidecarNames } from "../../model/sidecar.ts";
import { complaint } from "../complaint.ts";
import { type Complaint, rule } from "../rule.ts";
import { injectsByDefault } from "./installation.ts";
import { namespaceOf, podOf } from "./pod-specs.ts";

/** A pod of an injected namespace has a proxy. */
export const missingProxy = rule({
  code: "PIL5103",
  alias: "IST0103",
  kinds: ["Pod"],
  enforcement: "warn",
  summary: "pods of injected namespaces have a proxy",
  *check(object, { world }): Iterable<Complaint> {
    const { metadata, spec, status } = object;
    const namespace = namespaceOf(world, metadata.namespace);
    const { hasProxy, hostNetwork } = podOf(object);
    const isOver = status.phase === "Succeeded" || status.phase === "Failed";
    const isWindows = spec.os?.name === "windows" || spec.nodeSelector?.["kubernetes.io/os"] === "windows";
    if (namespace === undefined || hostNetwork || isOver || isWindows) return;
    const wish = metadata.labels[injectLabel] ?? metadata.annotations[injectLabel];
    if (wish === "false" || selectedRevision(metadata.labels, namespace, injectsByDefault(world)) === undefined) return;
    if (hasProxy) return;
    yield complaint(
      jsonPath("spec", "containers"),
      `there is no container ${sidecarNames.proxyContainer}, and the namespace's labels ask for one`,
      "If it runs like this it is outside of the mesh: it was made before the labels, or while nobody injected",
      "Create it again, for example with kubectl rollout restart; one that is not created yet gets its proxy then",
    );
  },
});

/** `image: auto` is a place that injection fills in. */
export const imageAuto = rule({
  code: "PIL5104",
  kinds: ["Pod", "Deployment"],
  enforcement: "warn",
  summary: "image: auto stands in pods that are injected",
  *check(object, { world }): Iterable<Complaint> {
    const pod = podOf(object);
    const { namespace: name } = object.metadata;
    const chosen = selectedRevision(
      pod.labels,
      namespaceOf(world, name) ?? { name, labels: {} },
      injectsByDefault(world),
    );
    if (chosen !== undefined) return;
    for (const container of pod.containers) {
      if (container.name !== sidecarNames.proxyContainer || container.image !== "auto") continue;
      const found = complaint(
        child(container.path, "image"),
        "the image is auto, and no label of pod or namespace asks for injection",
        'Kubernetes would try to fetch an image "auto"',
        `Give the pods the label ${injectLabel}: "true", or name an image`,
      );
      yield { ...found, alias: object.kind === "Pod" ? "IST0147" : "IST0146" };
    }
  },
});
