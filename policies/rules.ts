// All rules, in the order in which their findings are told. A new one is a file, a line here and a page in docs/codes/.
import {
  annotationValues,
  misplacedAnnotations,
  oldAnnotations,
  unknownAnnotations,
} from "./annotations/annotations.ts";
import { contradictingValues } from "./authorization-policy/contradictions.ts";
import { deniedRules } from "./authorization-policy/denied-rules.ts";
import { dryRun } from "./authorization-policy/dry-run.ts";
import { httpOnly, neverMatching, noProviders, unknownProvider } from "./authorization-policy/never-matching.ts";
import { customConditions, policyShape } from "./authorization-policy/shape.ts";
import { policyValues } from "./authorization-policy/values.ts";
import { reservedAnnotations } from "./common/annotations.ts";
import { deprecated } from "./common/deprecated.ts";
import { wholeMilliseconds } from "./common/durations.ts";
import { exportTo } from "./common/export-to.ts";
import { foreignRules } from "./common/foreign-hosts.ts";
import { hostNames } from "./common/hosts.ts";
import { idle, idleKinds, unenforced } from "./common/idle.ts";
import { labelSyntax } from "./common/labels.ts";
import { portNumbers } from "./common/ports.ts";
import { oneForScope, sharedPods } from "./common/scopes.ts";
import { emptySelectors, selectorLabels } from "./common/selectors.ts";
import { serverNames } from "./common/server-names.ts";
import { targets } from "./common/targets.ts";
import { waivers } from "./common/waivers.ts";
import { connectionPools, emptyPolicies, outlierDetection } from "./destination-rule/connections.ts";
import { contradictions } from "./destination-rule/contradictions.ts";
import { loadBalancers, refusedHashes } from "./destination-rule/load-balancers.ts";
import { shadows } from "./destination-rule/shadows.ts";
import { tlsToPlain, tlsToStrict } from "./destination-rule/strict-workloads.ts";
import { duplicateSubsets, selectorScope, subsetNames } from "./destination-rule/subsets.ts";
import { clientTls } from "./destination-rule/tls.ts";
import { tunnel } from "./destination-rule/tunnel.ts";
import { undetectedFailover } from "./destination-rule/undetected-failover.ts";
import { unverified } from "./destination-rule/unverified.ts";
import { misplacedOperations, patches, relativeOperations } from "./envoy-filter/patches.ts";
import { programs } from "./extension/programs.ts";
import { certificates } from "./gateway/certificates.ts";
import { portSharing } from "./gateway/port-sharing.ts";
import { sharedNames } from "./gateway/server-names.ts";
import { serverPorts, servers, tlsProtocol } from "./gateway/servers.ts";
import { sharedCertificates } from "./gateway/shared-certificates.ts";
import { sharedServers } from "./gateway/shared-servers.ts";
import { tlsOddities } from "./gateway/tls-oddities.ts";
import { imageAuto, missingProxy } from "./injection/missing-proxy.ts";
import { ambient, notInjected, oneInjectionLabel } from "./injection/namespaces.ts";
import { proxyImages } from "./injection/proxy-images.ts";
import { proxyUser } from "./injection/proxy-user.ts";
import { sharedTargets, sharedTransports } from "./injection/shared-ports.ts";
import { plainBehindTls, strictBehindTls } from "./peer-authentication/called-workloads.ts";
import { portSettings } from "./peer-authentication/ports.ts";
import { unreadClaims } from "./references/claims.ts";
import { connectTimes } from "./references/connect-times.ts";
import { unknownHost, unknownSubset } from "./references/destinations.ts";
import { hostsOfGateway } from "./references/gateway-hosts.ts";
import { gatewayPorts, gatewayWorkloads } from "./references/gateway-workloads.ts";
import { unknownDelegate, unknownGateway } from "./references/gateways.ts";
import { hiddenDestinations } from "./references/hidden-destinations.ts";
import { unknownNamespace } from "./references/namespaces.ts";
import { destinationPorts } from "./references/ports.ts";
import { unknownRuleHost } from "./references/rule-hosts.ts";
import { telemetryProviders } from "./references/telemetry-providers.ts";
import { unservedRules } from "./references/unserved-rules.ts";
import { emptySubsets, guardedWorkloads, selectedWorkloads } from "./references/workloads.ts";
import { jwtRules, privateKeys } from "./request-authentication/jwt-rules.ts";
import type { AnyRule } from "./rule.ts";
import { externalNames, portNames } from "./service/port-names.ts";
import { addressless, entryOddities } from "./service-entry/addressless.ts";
import { foreignHosts } from "./service-entry/foreign-hosts.ts";
import { portAlone } from "./service-entry/port-alone.ts";
import { resolution } from "./service-entry/resolution.ts";
import { rivalHosts } from "./service-entry/rival-hosts.ts";
import { rivalAddresses, rivalProtocols } from "./service-entry/rivals.ts";
import { entryAddresses, entryEndpoints, entryPorts } from "./service-entry/shape.ts";
import { severalHosts, socketPorts } from "./service-entry/undistinguished.ts";
import { egressHosts, repeatedHosts } from "./sidecar/hosts.ts";
import { defaultEndpoints, emptySidecar, sidecarListeners } from "./sidecar/listeners.ts";
import { httpPoolOnTcp, ingressTls, outboundPolicy, sidecarPools } from "./sidecar/settings.ts";
import { logProviders, telemetry, telemetryExcess } from "./telemetry/telemetry.ts";
import { anyRules, delegateShape, oneAction } from "./virtual-service/actions.ts";
import { redirects, responseSize, rewrites } from "./virtual-service/answers.ts";
import { connectionRoute, sniHosts, subnets } from "./virtual-service/connections.ts";
import { delegateCycles } from "./virtual-service/delegate-cycles.ts";
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
import { meshSubsets } from "./virtual-service/mesh-subsets.ts";
import { oddities, outrunTimes } from "./virtual-service/oddities.ts";
import { hiddenHosts, sharedRequests, takenRules } from "./virtual-service/overlaps.ts";
import { retries } from "./virtual-service/retries.ts";
import { sharedConnections } from "./virtual-service/shared-connections.ts";
import { sourceNamespaces } from "./virtual-service/source-namespaces.ts";
import { takenConnections } from "./virtual-service/taken-connections.ts";
import { unreachable } from "./virtual-service/unreachable.ts";
import { unreachableConnections } from "./virtual-service/unreachable-connections.ts";
import { negativeWeight, tooLargeWeights, unusualWeights, zeroWeights } from "./virtual-service/weights.ts";
import { unaddressed, workloadAddress } from "./workload/address.ts";
import { workloadProbe } from "./workload/probes.ts";

/** Every rule. */
export const rules: readonly AnyRule[] = [
  // The object by itself.
  reservedAnnotations,
  waivers(() => rules),
  exportTo,
  hostNames,
  portNumbers,
  selectorLabels,
  emptySelectors,
  labelSyntax,
  targets,
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
  sourceNamespaces,
  corsOrigins,
  delegateNames,
  faults,
  percentages,
  retries,
  outrunTimes,
  oddities,
  headerNames,
  duplicateSubsets,
  subsetNames,
  selectorScope,
  connectionPools,
  outlierDetection,
  emptyPolicies,
  loadBalancers,
  undetectedFailover,
  clientTls,
  tunnel,
  unverified,
  servers,
  serverPorts,
  tlsProtocol,
  certificates,
  tlsOddities,
  entryPorts,
  entryAddresses,
  entryEndpoints,
  resolution,
  severalHosts,
  socketPorts,
  addressless,
  entryOddities,
  portSettings,
  emptySidecar,
  sidecarListeners,
  egressHosts,
  repeatedHosts,
  defaultEndpoints,
  ingressTls,
  sidecarPools,
  httpPoolOnTcp,
  outboundPolicy,
  workloadAddress,
  unaddressed,
  workloadProbe,
  jwtRules,
  privateKeys,
  policyShape,
  customConditions,
  policyValues,
  dryRun,
  telemetry,
  telemetryExcess,
  logProviders,
  programs,
  patches,
  misplacedOperations,
  relativeOperations,
  portNames,
  externalNames,
  unknownAnnotations,
  misplacedAnnotations,
  annotationValues,
  oldAnnotations,
  proxyUser,
  oneInjectionLabel,
  notInjected,
  // What Envoy refuses.
  tooLargeWeights,
  statuses,
  headerValues,
  lineBreaks,
  queryNames,
  regularExpressions,
  refusedHashes,
  serverNames,
  // What it names.
  unknownHost,
  unknownGateway,
  unknownSubset,
  unknownDelegate,
  unknownNamespace,
  hostsOfGateway,
  unservedRules,
  destinationPorts,
  hiddenDestinations,
  connectTimes,
  emptySubsets,
  selectedWorkloads,
  guardedWorkloads,
  unknownProvider,
  noProviders,
  telemetryProviders,
  unknownRuleHost,
  gatewayWorkloads,
  gatewayPorts,
  unreadClaims,
  missingProxy,
  proxyImages,
  imageAuto,
  // What others say about the same.
  oneForMeshHost,
  takenRules,
  takenConnections,
  sharedConnections,
  sharedRequests,
  hiddenHosts,
  unreachable,
  unreachableConnections,
  oneForScope,
  sharedPods,
  sharedNames,
  sharedServers,
  sharedCertificates,
  meshSubsets,
  sharedTransports,
  sharedTargets,
  tlsToStrict,
  strictBehindTls,
  tlsToPlain,
  plainBehindTls,
  delegateCycles,
  rivalProtocols,
  rivalAddresses,
  rivalHosts,
  portAlone,
  foreignRules,
  shadows,
  neverMatching,
  deniedRules,
  contradictingValues,
  httpOnly,
  portSharing,
  foreignHosts,
  contradictions,
  // What this version does not do.
  idle,
  idleKinds,
  ambient,
  deprecated,
  unenforced,
];
