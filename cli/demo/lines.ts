// The walkthrough, in the order in which it is asked.
import type { Line } from "./line.ts";
import { admissionLines } from "./lines/admission.ts";
import { bookinfoLines } from "./lines/bookinfo.ts";
import { controlPlaneLines } from "./lines/control-plane.ts";
import { externalLines } from "./lines/external.ts";
import { faultLines } from "./lines/faults.ts";
import { mirrorLines } from "./lines/mirror.ts";
import { protocolLines } from "./lines/protocols.ts";
import { resilienceLines } from "./lines/resilience.ts";
import { routingLines } from "./lines/routing.ts";
import { securityLines } from "./lines/security.ts";
import { tcpLines } from "./lines/tcp.ts";

export const lines: readonly Line[] = [
  ...bookinfoLines,
  ...routingLines,
  ...faultLines,
  ...mirrorLines,
  ...resilienceLines,
  ...tcpLines,
  ...protocolLines,
  ...externalLines,
  ...securityLines,
  ...admissionLines,
  ...controlPlaneLines,
];
