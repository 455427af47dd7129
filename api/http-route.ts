// The HTTP rules of a VirtualService: what is matched, where it goes, what is changed on the way.
import {
  alias,
  base64,
  bool,
  double,
  duration,
  enumeration,
  int32,
  list,
  map,
  object,
  required,
  type Static,
  string,
  uint32,
} from "./schema.ts";

/** Matching text: exactly one of the three. */
export const stringMatch = (description: string) =>
  object(description, {
    exact: string("The whole text"),
    prefix: string("How the text begins"),
    regex: string("RE2 expression that the whole text matches"),
  });

/** A host, one of its subsets and one of its ports. */
export const destination = (description: string) =>
  object(description, {
    host: required(string("Service or ServiceEntry host; a short name is of the rule's namespace")),
    subset: string("Name of a subset that a DestinationRule for the host defines"),
    port: object("Port of the host; may be absent where the host has one port only", {
      number: uint32("Port number"),
    }),
  });

const percentage = (description: string) => object(description, { value: double("0.0 to 100.0") });

const headerOperations = (description: string) =>
  object(description, {
    set: map("Headers to overwrite", string("New value")),
    add: map("Headers to append to", string("Value to append")),
    remove: list("Headers to take away", string("Header name")),
  });

const headers = (description: string) =>
  object(description, {
    request: headerOperations("Changes before the request goes to the destination"),
    response: headerOperations("Changes before the response goes to the caller"),
  });

const match = object("One set of conditions; all must hold", {
  name: string("Name of the match, shown in access logs"),
  uri: stringMatch("Path of the request, case-sensitive unless ignoreUriCase"),
  scheme: stringMatch("Scheme of the request"),
  method: stringMatch("Method of the request"),
  authority: stringMatch("Host header of the request"),
  headers: map("Headers of the request, in lower case; an empty match asks for presence", stringMatch("Value")),
  withoutHeaders: map("Headers that must not match", stringMatch("Value")),
  queryParams: map("Query parameters of the request", stringMatch("Value; exact or regex or presence")),
  port: uint32("Port that the caller asks for"),
  sourceLabels: map("Labels of the calling pod", string("Value of the label")),
  sourceNamespace: string("Namespace of the calling pod"),
  gateways: list("Gateways that this match is for; instead of the VirtualService's", string("Gateway name, or mesh")),
  ignoreUriCase: bool("Compare exact and prefix URIs without regard to case"),
  statPrefix: string("Prefix of the statistics of this match"),
});

const route = object("One destination and its share", {
  destination: required(destination("Where requests go")),
  weight: int32("Share of the requests, in relation to the sum of weights"),
  headers: headers("Header changes for this destination only"),
});

const redirect = object("Answer with a redirect", {
  uri: string("New path"),
  prefixRewrite: string("New beginning in place of the matched prefix"),
  authority: string("New host"),
  scheme: string("New scheme"),
  port: uint32("New port"),
  derivePort: enumeration("Where the port comes from when none is written", [
    "FROM_PROTOCOL_DEFAULT",
    "FROM_REQUEST_PORT",
  ]),
  redirectCode: uint32("Status code; 301 by default"),
});

const fault = object("Faults to inject on purpose", {
  delay: object("Wait before the request is forwarded", {
    fixedDelay: duration("How long"),
    exponentialDelay: duration("Has no effect in any version"),
    percent: int32("Deprecated: use percentage"),
    percentage: percentage("Share of the requests that wait"),
  }),
  abort: object("Answer instead of forwarding", {
    httpStatus: int32("HTTP status code of the answer"),
    grpcStatus: string("gRPC status of the answer, by name, such as UNAVAILABLE"),
    http2Error: string("Has no effect in any version"),
    percentage: percentage("Share of the requests that are aborted"),
  }),
});

const corsPolicy = object("Cross-origin requests", {
  allowOrigin: list("Deprecated: use allowOrigins", string("Origin")),
  allowOrigins: list("Origins that may call", stringMatch("Origin")),
  allowMethods: list("Methods for Access-Control-Allow-Methods", string("Method")),
  allowHeaders: list("Headers for Access-Control-Allow-Headers", string("Header name")),
  exposeHeaders: list("Headers for Access-Control-Expose-Headers", string("Header name")),
  maxAge: duration("How long a preflight answer may be kept"),
  allowCredentials: bool("Whether the caller may send credentials"),
  unmatchedPreflights: enumeration("What happens to preflights of other origins", ["UNSPECIFIED", "FORWARD", "IGNORE"]),
});

/** One HTTP rule. */
export const httpRoute = object("A rule for HTTP requests; the first that matches wins", {
  name: string("Name of the rule, shown in access logs"),
  match: list("Conditions; one of the sets must hold. None matches everything", match),
  route: list("Destinations that share the requests", route),
  redirect,
  directResponse: object("Answer with a fixed response", {
    status: required(uint32("HTTP status code")),
    body: object("Content of the response", { string: string("As text"), bytes: base64("In base64") }),
  }),
  delegate: object("Let another VirtualService without hosts continue", {
    name: string("Name of the delegate"),
    namespace: string("Namespace of the delegate; this object's by default"),
  }),
  rewrite: object("Change the request before it is forwarded", {
    uri: string("New path, or new beginning of it where a prefix matched"),
    authority: string("New host header"),
    uriRegexRewrite: object("Change parts of the path", {
      match: string("RE2 expression"),
      rewrite: string("Replacement, with \\1 for groups"),
    }),
  }),
  timeout: duration("Time for the whole request, retries included; none by default"),
  retries: object("Trying again", {
    attempts: int32("Most retries; 0 switches them off"),
    perTryTimeout: duration("Time for each attempt; the rule's timeout by default"),
    retryOn: string("Conditions, separated by commas"),
    retryRemoteLocalities: bool("Whether retries may go to other localities"),
    retryIgnorePreviousHosts: bool("Whether retries avoid endpoints that were tried; true by default"),
    backoff: duration("Shortest pause between attempts"),
  }),
  fault,
  mirror: destination("Where copies of requests go; answers are thrown away"),
  mirrors: list(
    "Several mirrors",
    object("One mirror", {
      destination: required(destination("Where copies go")),
      percentage: percentage("Share of requests that are copied"),
    }),
  ),
  mirrorPercent: alias("mirror_percent", uint32("Deprecated: use mirrorPercentage")),
  mirrorPercentage: percentage("Share of requests that are mirrored; all by default"),
  corsPolicy,
  headers: headers("Header changes for all destinations of the rule"),
});

export type StringMatch = Static<ReturnType<typeof stringMatch>>;
export type Destination = Static<ReturnType<typeof destination>>;
export type Percentage = Static<ReturnType<typeof percentage>>;
export type Headers = Static<ReturnType<typeof headers>>;
export type HeaderOperations = Static<ReturnType<typeof headerOperations>>;
export type HttpMatch = Static<typeof match>;
export type HttpRouteDestination = Static<typeof route>;
export type HttpRedirect = Static<typeof redirect>;
export type Fault = Static<typeof fault>;
export type CorsPolicy = Static<typeof corsPolicy>;
export type HttpRoute = Static<typeof httpRoute>;
export type HttpRetries = NonNullable<HttpRoute["retries"]>;
export type HttpMirror = NonNullable<HttpRoute["mirrors"]>[number];
export type HttpRewrite = NonNullable<HttpRoute["rewrite"]>;
export type HttpDirectResponse = NonNullable<HttpRoute["directResponse"]>;
