// Percentages with four digits behind the point, as Envoy counts them: in millionths.
import { create } from "@bufbuild/protobuf";
import {
  type RuntimeFractionalPercent,
  RuntimeFractionalPercentSchema,
} from "../proto/envoy/config/core/v3/base_pb.ts";
import {
  type FractionalPercent,
  FractionalPercent_DenominatorType,
  FractionalPercentSchema,
} from "../proto/envoy/type/v3/percent_pb.ts";

/** 0 to 100 per cent; what is outside is brought to the nearer end. */
export function fractionalPercent(percent: number): FractionalPercent {
  const share = Math.min(100, Math.max(0, percent));
  return create(FractionalPercentSchema, {
    numerator: Math.round(share * 10_000),
    denominator: FractionalPercent_DenominatorType.MILLION,
  });
}

/** The same where Envoy would let the runtime overrule it. */
export function runtimePercent(percent: number): RuntimeFractionalPercent {
  return create(RuntimeFractionalPercentSchema, { defaultValue: fractionalPercent(percent) });
}
