// Leaving out endpoints that fail.
import { create } from "@bufbuild/protobuf";
import type { OutlierDetection as Settings } from "../../api/traffic-policy.ts";
import { positiveDuration } from "../duration.ts";
import {
  type OutlierDetection,
  OutlierDetectionSchema,
} from "../proto/envoy/config/cluster/v3/outlier_detection_pb.ts";

/** Envoy's settings for a policy; what it would do beyond the policy's fields (success rates) stays off. */
export function outlierDetection(settings: Settings): OutlierDetection {
  const detection = create(OutlierDetectionSchema, {
    enforcingSuccessRate: 0,
    splitExternalLocalOriginErrors: settings.splitExternalLocalOriginErrors ?? false,
  });
  const serverErrors = settings.consecutive5xxErrors ?? settings.consecutiveErrors;
  if (serverErrors !== undefined) {
    detection.consecutive5xx = Math.max(1, serverErrors);
    // 0 switches it off, but Envoy has a switch of its own for that.
    detection.enforcingConsecutive5xx = serverErrors > 0 ? 100 : 0;
  }
  if (settings.consecutiveGatewayErrors !== undefined) {
    detection.consecutiveGatewayFailure = Math.max(1, settings.consecutiveGatewayErrors);
    detection.enforcingConsecutiveGatewayFailure = settings.consecutiveGatewayErrors > 0 ? 100 : 0;
  }
  if (settings.consecutiveLocalOriginFailures !== undefined && detection.splitExternalLocalOriginErrors) {
    detection.consecutiveLocalOriginFailure = Math.max(1, settings.consecutiveLocalOriginFailures);
    detection.enforcingConsecutiveLocalOriginFailure = settings.consecutiveLocalOriginFailures > 0 ? 100 : 0;
  }
  const interval = positiveDuration(settings.interval);
  if (interval !== undefined) detection.interval = interval;
  const baseEjectionTime = positiveDuration(settings.baseEjectionTime);
  if (baseEjectionTime !== undefined) detection.baseEjectionTime = baseEjectionTime;
  if (settings.maxEjectionPercent !== undefined && settings.maxEjectionPercent > 0)
    detection.maxEjectionPercent = Math.min(100, settings.maxEjectionPercent);
  return detection;
}

/** Below this share of healthy endpoints all are used again; 0: never, which is Istio's default. */
export function panicPercent({ minHealthPercent = 0 }: Settings): number {
  return Math.min(100, Math.max(0, minHealthPercent));
}
