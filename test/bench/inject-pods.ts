// Reviews for injection: a pod as a Deployment of bookinfo makes it, and one of ten containers.

/** A review of a pod with so many application containers, as text. */
export function reviewOf(containers: number): string {
  const names = Array.from({ length: containers }, (_, index) => (index === 0 ? "reviews" : `helper-${index}`));
  return JSON.stringify({
    kind: "AdmissionReview",
    apiVersion: "admission.k8s.io/v1",
    request: {
      uid: "4d0c4c3e-1c1b-4a59-9a55-1e1a2f0e6b11",
      kind: { group: "", version: "v1", kind: "Pod" },
      resource: { group: "", version: "v1", resource: "pods" },
      requestKind: { group: "", version: "v1", kind: "Pod" },
      requestResource: { group: "", version: "v1", resource: "pods" },
      namespace: "shop",
      operation: "CREATE",
      userInfo: { username: "system:serviceaccount:kube-system:replicaset-controller" },
      object: {
        apiVersion: "v1",
        kind: "Pod",
        metadata: {
          generateName: "reviews-v1-5f7b8c9d6-",
          namespace: "shop",
          labels: { app: "reviews", version: "v1", "pod-template-hash": "5f7b8c9d6" },
        },
        spec: {
          serviceAccountName: "bookinfo-reviews",
          containers: names.map(containerOf),
          volumes: [
            { name: "scratch", emptyDir: {} },
            { name: "tmp", emptyDir: {} },
            { name: "kube-api-access-x", projected: { sources: [{ serviceAccountToken: { path: "token" } }] } },
          ],
        },
      },
      oldObject: null,
      dryRun: false,
    },
  });
}

function containerOf(name: string, index: number): object {
  const port = 9080 + index;
  return {
    name,
    image: `docker.io/pillion/bookinfo-${name}:1.0`,
    imagePullPolicy: "IfNotPresent",
    ports: [{ containerPort: port, protocol: "TCP" }],
    env: [{ name: "LOG_DIR", value: "/tmp/logs" }],
    readinessProbe: { httpGet: { path: "/health", port } },
    livenessProbe: { httpGet: { path: "/health", port } },
    volumeMounts: [
      { name: "tmp", mountPath: "/tmp" },
      { name: "scratch", mountPath: "/opt/scratch" },
      { name: "kube-api-access-x", mountPath: "/var/run/secrets/kubernetes.io/serviceaccount", readOnly: true },
    ],
  };
}
