// Whether and how a cluster speaks TLS: as its DestinationRule says, else mutual TLS of the mesh to whoever takes it.
import { create } from "@bufbuild/protobuf";
import type { TrafficPolicy } from "../../api/traffic-policy.ts";
import type { MeshSettings } from "../../model/snapshot.ts";
import { meshClientTls, meshSecrets, meshTlsMatch, plainText } from "../mesh-tls.ts";
import { type Cluster, Cluster_TransportSocketMatchSchema } from "../proto/envoy/config/cluster/v3/cluster_pb.ts";
import type { ResourceName } from "../resource.ts";
import { clientTls, type ForeignServer } from "./client-tls.ts";
import type { Carrier } from "./protocol-options.ts";

/** Who the servers are. */
export interface Peers {
  /** Whom TLS of other than the mesh's names. */
  readonly server: ForeignServer;
  /** Server name for mutual TLS of the mesh. */
  readonly sni: string;
  /** SPIFFE IDs of those that have one. */
  readonly identities: readonly string[];
  /** Which of them take mutual TLS: each says so itself (in its metadata), all do, or none. */
  readonly takeMeshTls: "some" | "all" | "none";
}

/** Write TLS into a cluster, and return the secrets that it needs then. */
export function secure(
  mesh: MeshSettings,
  cluster: Cluster,
  { carrier, policy }: { readonly carrier: Carrier; readonly policy: TrafficPolicy },
  peers: Peers,
): readonly ResourceName[] {
  const { tls } = policy;
  switch (tls?.mode) {
    case "DISABLE":
      return [];
    case "SIMPLE":
    case "MUTUAL":
      cluster.transportSocket = clientTls(tls, peers.server, publicAlpn(carrier));
      return [];
    case "ISTIO_MUTUAL": {
      const written = tls.subjectAltNames ?? [];
      const identities = written.length > 0 ? written : peers.identities;
      const sni = tls.sni === undefined || tls.sni === "" ? peers.sni : tls.sni;
      cluster.transportSocket = meshClientTls(mesh, { sni, alpn: meshAlpnOf(carrier), identities });
      return meshSecrets;
    }
    case undefined:
      return mesh.config.enableAutoMtls ? automatic(mesh, cluster, carrier, peers) : [];
  }
}

function automatic(mesh: MeshSettings, cluster: Cluster, carrier: Carrier, peers: Peers): readonly ResourceName[] {
  if (peers.takeMeshTls === "none") return [];
  const { sni, identities } = peers;
  const socket = meshClientTls(mesh, { sni, alpn: meshAlpnOf(carrier), identities });
  if (peers.takeMeshTls === "all") cluster.transportSocket = socket;
  else {
    cluster.transportSocketMatches = [
      create(Cluster_TransportSocketMatchSchema, {
        name: "tlsMode-istio",
        match: { ...meshTlsMatch },
        transportSocket: socket,
      }),
      create(Cluster_TransportSocketMatchSchema, { name: "tlsMode-disabled", match: {}, transportSocket: plainText }),
    ];
  }
  return meshSecrets;
}

/** The ALPN by which the other end knows what follows inside. */
function meshAlpnOf(carrier: Carrier): readonly string[] {
  if (carrier === "bytes") return ["istio"];
  return carrier === "http2" ? ["istio-h2", "istio"] : ["istio-http/1.1", "istio"];
}

/** The ALPN for servers that know nothing of the mesh. */
function publicAlpn(carrier: Carrier): readonly string[] {
  if (carrier === "bytes") return [];
  return carrier === "http2" ? ["h2"] : ["http/1.1"];
}
