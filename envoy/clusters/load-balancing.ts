// Which endpoint gets a request.
import { create } from "@bufbuild/protobuf";
import type { ConsistentHash, LoadBalancer } from "../../api/traffic-policy.ts";
import { positiveDuration } from "../duration.ts";
import {
  type Cluster,
  Cluster_LbPolicy,
  Cluster_LeastRequestLbConfigSchema,
  Cluster_MaglevLbConfigSchema,
  Cluster_RingHashLbConfigSchema,
  Cluster_RoundRobinLbConfigSchema,
  type Cluster_SlowStartConfig,
  Cluster_SlowStartConfigSchema,
} from "../proto/envoy/config/cluster/v3/cluster_pb.ts";

/** Whether connections go where the application wanted, whatever the endpoints are. */
export function isPassthrough(settings: LoadBalancer | undefined): boolean {
  return settings?.simple === "PASSTHROUGH";
}

/** Write algorithm and settings into a cluster; least requests by default. */
export function balanceLoad(cluster: Cluster, settings: LoadBalancer | undefined): void {
  if (settings?.consistentHash !== undefined) {
    hashRequests(cluster, settings.consistentHash);
    return;
  }
  const slowStart = slowStartOf(settings);
  const slow = slowStart === undefined ? {} : { slowStartConfig: slowStart };
  if (settings?.simple === "ROUND_ROBIN") {
    cluster.lbPolicy = Cluster_LbPolicy.ROUND_ROBIN;
    if (slowStart !== undefined)
      cluster.lbConfig = { case: "roundRobinLbConfig", value: create(Cluster_RoundRobinLbConfigSchema, slow) };
  } else if (settings?.simple === "RANDOM") cluster.lbPolicy = Cluster_LbPolicy.RANDOM;
  else {
    cluster.lbPolicy = Cluster_LbPolicy.LEAST_REQUEST;
    if (slowStart !== undefined)
      cluster.lbConfig = { case: "leastRequestLbConfig", value: create(Cluster_LeastRequestLbConfigSchema, slow) };
  }
}

/** Envoy's largest ring, and its largest table, which has to be a prime. */
const maxRingSize = 8_388_608;
const maxTableSize = 5_000_011;
const defaultRingSize = 1_024;

function hashRequests(cluster: Cluster, { maglev, ringHash, minimumRingSize }: ConsistentHash): void {
  if (maglev !== undefined) {
    cluster.lbPolicy = Cluster_LbPolicy.MAGLEV;
    const { tableSize } = maglev;
    if (tableSize !== undefined && isPrime(tableSize) && tableSize <= maxTableSize)
      cluster.lbConfig = {
        case: "maglevLbConfig",
        value: create(Cluster_MaglevLbConfigSchema, { tableSize: BigInt(tableSize) }),
      };
    return;
  }
  cluster.lbPolicy = Cluster_LbPolicy.RING_HASH;
  const size = ringHash?.minimumRingSize ?? minimumRingSize ?? defaultRingSize;
  cluster.lbConfig = {
    case: "ringHashLbConfig",
    value: create(Cluster_RingHashLbConfigSchema, { minimumRingSize: BigInt(Math.min(size, maxRingSize)) }),
  };
}

function slowStartOf(settings: LoadBalancer | undefined): Cluster_SlowStartConfig | undefined {
  const window = positiveDuration(settings?.warmup?.duration ?? settings?.warmupDurationSecs);
  if (window === undefined) return undefined;
  const { aggression, minimumPercent } = settings?.warmup ?? {};
  return create(Cluster_SlowStartConfigSchema, {
    slowStartWindow: window,
    ...(aggression === undefined || aggression <= 0
      ? {}
      : { aggression: { defaultValue: aggression, runtimeKey: "" } }),
    ...(minimumPercent === undefined ? {} : { minWeightPercent: { value: minimumPercent } }),
  });
}

function isPrime(number: number): boolean {
  if (number < 2) return false;
  for (let divisor = 2; divisor * divisor <= number; divisor++) if (number % divisor === 0) return false;
  return true;
}
