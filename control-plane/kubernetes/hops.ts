// The API server could not ask our webhook: which step of the way failed, from the words of its answer.

/** A step of the way from the API server to the webhook. */
export type Hop =
  | "rights"
  | "crds"
  | "configuration"
  | "service"
  | "endpoints"
  | "dns"
  | "port"
  | "time"
  | "certificate"
  | "webhook"
  | "unknown";

/** Where it fails, why, and what to do. Clauses without full stop. */
export interface FailedHop {
  readonly hop: Hop;
  readonly problem: string;
  readonly fix: string;
}

const steps: readonly (readonly [pattern: RegExp, hop: Hop, problem: string, fix: string])[] = [
  [
    /service ".*" not found/,
    "service",
    "the Service of the control plane does not exist",
    "Install the chart again; see kubectl get service -n NAMESPACE",
  ],
  [
    /no endpoints available/,
    "endpoints",
    "the Service of the control plane has no ready pod behind it",
    "See kubectl get pods -n NAMESPACE -l app=istiod and what their /readyz says",
  ],
  [
    /lookup .*(no such host|server misbehaving|i\/o timeout|Temporary failure)|no such host/,
    "dns",
    "the API server cannot resolve the webhook's name",
    "Check the name in the webhook configuration, and the DNS of the machine that the API server runs on",
  ],
  [
    /connection refused/,
    "port",
    "nobody listens on the webhook's port, or a network rule rejects it",
    "Check that the Service leads to port 15017 of the pods, and that network policies let the API server in",
  ],
  [
    /no route to host|network is unreachable|Address is not allowed/,
    "port",
    "there is no way from the API server to the webhook's pod",
    "On clusters whose API server is not in the pod network, open the way from it to port 15017 of the nodes or pods",
  ],
  [
    /certificate signed by unknown authority/,
    "certificate",
    "the API server does not trust the webhook's certificate: the caBundle is another CA's",
    "The control plane writes the right one within seconds; if it stays, another program writes the caBundle, too",
  ],
  [
    /x509: certificate is (valid for|not valid for)|doesn't contain any IP SANs|cannot validate certificate for/,
    "certificate",
    "the webhook's certificate does not have the name by which the API server calls it",
    "Name the Service as the chart does, or give the host of --webhook-url as it is in the certificate",
  ],
  [
    /certificate has expired or is not yet valid/,
    "certificate",
    "the webhook's certificate is not valid now",
    "Check the clocks of the nodes; the control plane renews its certificate by itself",
  ],
  [
    /context deadline exceeded|Client\.Timeout|i\/o timeout|TLS handshake timeout|timeout awaiting/,
    "time",
    "the webhook does not answer in time: most often a firewall drops what the API server sends to port 15017",
    "Open port 15017 from the control plane's network to the nodes (private clusters: a firewall rule), and look at the load of the pods",
  ],
  [
    /could not find the requested resource|404|unexpected response|expected webhook response|couldn't get version\/kind|server gave HTTP response/,
    "webhook",
    "something else than Pillion answers at the webhook's address",
    "See where the Service and the webhook configuration lead",
  ],
  [
    /an error on the server|status code 5\d\d/,
    "webhook",
    "the webhook answers with an error of its own",
    "See the log of the control plane's pods: kubectl logs -n NAMESPACE -l app=istiod",
  ],
  [
    /\bEOF\b|connection reset by peer|broken pipe/,
    "webhook",
    "the connection to the webhook is cut before it has answered: the pod ends, or something between cuts it",
    "See the restarts of the control plane's pods (kubectl get pods -n NAMESPACE -l app=istiod), and proxies or firewalls between",
  ],
];

/** What the network makes of a Service without pods differs: refused, no route, or silence. */
export const noEndpoints: FailedHop = failedHop("no endpoints available");

/** The step that failed. `message` is the API server's. */
export function failedHop(message: string): FailedHop {
  const [, hop, problem, fix] = steps.find(([pattern]) => pattern.test(message)) ?? [];
  return hop === undefined || problem === undefined || fix === undefined
    ? { hop: "unknown", problem: "the API server cannot ask the webhook", fix: "The API server's own words tell more" }
    : { hop, problem, fix };
}
