// All rules, in the order in which their findings are told. A new one is a file, a line here and a page in docs/codes/.
import { reservedAnnotations } from "./common/annotations.ts";
import { wholeMilliseconds } from "./common/durations.ts";
import { exportTo } from "./common/export-to.ts";
import { hostNames } from "./common/hosts.ts";
import { idle, idleKinds, unenforced } from "./common/idle.ts";
import { portNumbers } from "./common/ports.ts";
import { selectorLabels } from "./common/selectors.ts";
import { connectionPools, emptyPolicies, outlierDetection } from "./destination-rule/connections.ts";
import { contradictions } from "./destination-rule/contradictions.ts";
import { loadBalancers, refusedHashes } from "./destination-rule/load-balancers.ts";
import { duplicateSubsets, selectorScope, subsetNames } from "./destination-rule/subsets.ts";
import { clientTls } from "./destination-rule/tls.ts";
import { certificates } from "./gateway/certificates.ts";
import { portSharing } from "./gateway/port-sharing.ts";
import { serverPorts, servers, tlsProtocol } from "./gateway/servers.ts";
import { portSettings } from "./peer-authentication/ports.ts";
import { oneForScope } from "./peer-authentication/scopes.ts";
import { unknownHost, unknownSubset } from "./references/destinations.ts";
import { unknownDelegate, unknownGateway } from "./references/gateways.ts";
import type { AnyRule } from "./rule.ts";
import { foreignHosts } from "./service-entry/foreign-hosts.ts";
import { resolution } from "./service-entry/resolution.ts";
import { entryAddresses, entryEndpoints, entryPorts } from "./service-entry/shape.ts";
import { anyRules, delegateShape, oneAction } from "./virtual-service/actions.ts";
import { redirects, responseSize, rewrites } from "./virtual-service/answers.ts";
import { connectionRoute, sniHosts, subnets } from "./virtual-service/connections.ts";
import { faults, percentages, statuses } from "./virtual-service/faults.ts";
import { claimsOnMesh, gatewayNames, overlappingHosts, wildcardOnMesh } from "./virtual-service/gateways.ts";
import { headerNames, headerValues, lineBreaks } from "./virtual-service/headers.ts";
import {
  corsOrigins,
  delegateNames,
  queryNames,
  regularExpressions,
  stringMatches,
} from "./virtual-service/matches.ts";
import { oneForMeshHost } from "./virtual-service/mesh-hosts.ts";
import { retries } from "./virtual-service/retries.ts";
import { negativeWeight, tooLargeWeights, unusualWeights, zeroWeights } from "./virtual-service/weights.ts";

/** Every rule. */
export const rules: readonly AnyRule[] = [
  // The object by itself.
  reservedAnnotations,
  exportTo,
  hostNames,
  portNumbers,
  selectorLabels,
  wholeMilliseconds,
  anyRules,
  delegateShape,
  oneAction,
  gatewayNames,
  wildcardOnMesh,
  overlappingHosts,
  claimsOnMesh,
  negativeWeight,
  zeroWeights,
  unusualWeights,
  connectionRoute,
  sniHosts,
  subnets,
  redirects,
  rewrites,
  responseSize,
  stringMatches,
  corsOrigins,
  delegateNames,
  faults,
  percentages,
  retries,
  headerNames,
  duplicateSubsets,
  subsetNames,
  selectorScope,
  connectionPools,
  outlierDetection,
  emptyPolicies,
  loadBalancers,
  clientTls,
  servers,
  serverPorts,
  tlsProtocol,
  certificates,
  entryPorts,
  entryAddresses,
  entryEndpoints,
  resolution,
  portSettings,
  // What Envoy refuses.
  tooLargeWeights,
  statuses,
  headerValues,
  lineBreaks,
  queryNames,
  regularExpressions,
  refusedHashes,
  // What it names.
  unknownHost,
  unknownGateway,
  unknownSubset,
  unknownDelegate,
  // What others say about the same.
  oneForMeshHost,
  oneForScope,
  portSharing,
  foreignHosts,
  contradictions,
  // What this version does not do.
  idle,
  idleKinds,
  unenforced,
];
