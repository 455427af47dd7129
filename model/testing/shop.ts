// For tests: a small mesh, as text.

const service = (name: string, address: string) => `
apiVersion: v1
kind: Service
metadata: { name: ${name}, namespace: shop, creationTimestamp: "2024-01-01T00:00:00Z" }
spec:
  clusterIP: ${address}
  selector: { app: ${name} }
  ports: [{ name: http, port: 9080, targetPort: web }]
`;

/** A pod that is ready and has a sidecar. */
export const pod = (name: string, app: string, address: string, more = "") => `
apiVersion: v1
kind: Pod
metadata:
  name: ${name}
  namespace: shop
  labels: { app: ${app}, version: v1, pod-template-hash: abc12, security.istio.io/tlsMode: istio }
  ownerReferences: [{ kind: ReplicaSet, name: ${app}-v1-abc12, controller: true }]
${more}
spec:
  serviceAccountName: ${app}
  containers:
    - { name: app, ports: [{ name: web, containerPort: 8080 }] }
    - { name: istio-proxy, ports: [{ name: health, containerPort: 15021 }] }
status: { podIP: ${address}, phase: Running, conditions: [{ type: Ready, status: "True" }] }
`;

/** Two services with a pod each, rules for one, a host outside. */
export const shop: readonly string[] = [
  service("reviews", "10.96.0.7"),
  service("ratings", "10.96.0.8"),
  pod("reviews-1", "reviews", "10.1.0.1"),
  pod("reviews-2", "reviews", "10.1.0.2"),
  pod("ratings-1", "ratings", "10.1.1.1"),
  `
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: { name: reviews, namespace: shop, creationTimestamp: "2024-02-01T00:00:00Z" }
spec:
  hosts: [reviews]
  http:
    - match: [{ headers: { end-user: { exact: jason } } }]
      route: [{ destination: { host: reviews, subset: v2 } }]
    - route: [{ destination: { host: reviews, subset: v1 } }]
`,
  `
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: { name: reviews, namespace: shop }
spec:
  host: reviews
  trafficPolicy: { connectionPool: { tcp: { maxConnections: 10 } } }
  subsets:
    - { name: v1, labels: { version: v1 } }
    - { name: v2, labels: { version: v2 } }
`,
  `
apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: { name: pictures, namespace: shop }
spec:
  hosts: ["*.pictures.example"]
  ports: [{ number: 443, name: tls, protocol: TLS }]
  resolution: NONE
`,
];
