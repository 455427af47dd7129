// For tests: what other webhooks are known to do to pods between two rounds of injection.
import { type Json, type JsonObject, listAt, objectAt, textAt, withKeys } from "../json.ts";

const everyContainer = (pod: JsonObject, change: (container: JsonObject) => JsonObject): JsonObject => {
  const spec = objectAt(pod, "spec");
  return withKeys(pod, {
    spec: withKeys(spec, {
      containers: listAt(spec, "containers").map(change),
      ...(spec["initContainers"] === undefined ? {} : { initContainers: listAt(spec, "initContainers").map(change) }),
    }),
  });
};

const append = (container: JsonObject, key: string, item: Json): JsonObject =>
  withKeys(container, { [key]: [...listAt(container, key), item] });

/** Each by what it does. */
export const otherWebhooks: Readonly<Record<string, (pod: JsonObject) => JsonObject>> = {
  "adds a variable and a mount to every container": (pod) =>
    everyContainer(pod, (one) =>
      append(append(one, "env", { name: "ROLE", value: "r" }), "volumeMounts", { name: "role", mountPath: "/role" }),
    ),
  "takes images from a mirror": (pod) =>
    everyContainer(pod, (one) =>
      one["image"] === undefined ? one : withKeys(one, { image: `mirror/${textAt(one, "image")}` }),
    ),
  "adds a sidecar of its own": (pod) => {
    const spec = objectAt(pod, "spec");
    const own = { name: "vault", image: "vault:1", readinessProbe: { httpGet: { path: "/v", port: 8200 } } };
    return withKeys(pod, { spec: withKeys(spec, { containers: [...listAt(spec, "containers"), own] }) });
  },
  "adds an init container in front": (pod) => {
    const spec = objectAt(pod, "spec");
    return withKeys(pod, {
      spec: withKeys(spec, { initContainers: [{ name: "early", image: "e:1" }, ...listAt(spec, "initContainers")] }),
    });
  },
  "adds a volume": (pod) =>
    withKeys(pod, { spec: append(objectAt(pod, "spec"), "volumes", { name: "role", emptyDir: {} }) }),
  "adds a label and an annotation": (pod) => {
    const metadata = objectAt(pod, "metadata");
    return withKeys(pod, {
      metadata: withKeys(metadata, {
        labels: withKeys(objectAt(metadata, "labels"), { team: "t" }),
        annotations: withKeys(objectAt(metadata, "annotations"), { team: "t" }),
      }),
    });
  },
};
