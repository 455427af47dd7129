// Which requests a route is for: path, headers, method, scheme, authority, query.
import { create } from "@bufbuild/protobuf";
import type { HttpMatch, StringMatch } from "../../api/http-route.ts";
import {
  type HeaderMatcher,
  HeaderMatcherSchema,
  type QueryParameterMatcher,
  QueryParameterMatcherSchema,
  type RouteMatch,
  RouteMatchSchema,
} from "../proto/envoy/config/route/v3/route_components_pb.ts";
import type { RouteFeature } from "./feature.ts";
import { isRe2, regexMatcher, stringMatcher } from "./string-match.ts";

/** `match`: conditions on port, source and gateway were decided by the model already. */
export const match: RouteFeature = (route, { spec, match: conditions }) => {
  route.name = [spec.name, conditions?.name].filter((part) => part !== undefined && part !== "").join(".");
  route.match = routeMatch(conditions);
  if (conditions?.statPrefix !== undefined) route.statPrefix = conditions.statPrefix;
};

/** Whether Envoy can tell if the match holds. One with an expression that it cannot read never does. */
export function isReadable(conditions: HttpMatch): boolean {
  const { uri, method, authority, scheme, headers, withoutHeaders, queryParams } = conditions;
  if (uri?.regex !== undefined && !isRe2(uri.regex)) return false;
  const values = [method, authority, scheme, ...[headers, withoutHeaders, queryParams].flatMap(valuesOf)];
  // "*" is read as "anything" there.
  return values.every((value) => value?.regex === undefined || value.regex === "*" || isRe2(value.regex));
}

const valuesOf = (map: Readonly<Record<string, StringMatch>> | undefined): StringMatch[] => Object.values(map ?? {});

function routeMatch(conditions: HttpMatch | undefined): RouteMatch {
  const made = create(RouteMatchSchema, { pathSpecifier: pathSpecifier(conditions?.uri) });
  if (conditions === undefined) return made;
  if (conditions.ignoreUriCase === true && made.pathSpecifier.case !== "safeRegex") made.caseSensitive = false;
  const pseudoHeaders = {
    ":method": conditions.method,
    ":authority": conditions.authority,
    ":scheme": conditions.scheme,
  };
  for (const [name, value] of Object.entries(pseudoHeaders)) {
    if (value !== undefined) made.headers.push(headerMatcher(name, value));
  }
  for (const [name, value] of sorted(conditions.headers)) made.headers.push(headerMatcher(name, value));
  for (const [name, value] of sorted(conditions.withoutHeaders)) made.headers.push(withoutHeader(name, value));
  made.queryParameters = sorted(conditions.queryParams).map(([name, value]) => queryMatcher(name, value));
  return made;
}

function pathSpecifier(uri: StringMatch | undefined): RouteMatch["pathSpecifier"] {
  if (uri?.exact !== undefined) return { case: "path", value: uri.exact };
  if (uri?.regex !== undefined) return { case: "safeRegex", value: regexMatcher(uri.regex) };
  return { case: "prefix", value: uri?.prefix ?? "/" };
}

/** A header (or pseudo-header) with that value; one without conditions has to be there. */
export function headerMatcher(name: string, value: StringMatch): HeaderMatcher {
  const matcher = stringMatcher(value);
  return create(HeaderMatcherSchema, {
    name,
    headerMatchSpecifier:
      matcher === undefined ? { case: "presentMatch", value: true } : { case: "stringMatch", value: matcher },
  });
}

/** A header that must not have the value; one that is missing has not. */
function withoutHeader(name: string, value: StringMatch): HeaderMatcher {
  const matcher = headerMatcher(name, value);
  matcher.invertMatch = true;
  if (matcher.headerMatchSpecifier.case === "stringMatch") matcher.treatMissingHeaderAsEmpty = true;
  return matcher;
}

function queryMatcher(name: string, value: StringMatch): QueryParameterMatcher {
  const matcher = stringMatcher(value);
  return create(QueryParameterMatcherSchema, {
    name,
    queryParameterMatchSpecifier:
      matcher === undefined ? { case: "presentMatch", value: true } : { case: "stringMatch", value: matcher },
  });
}

/** By name: the order of a map in YAML must not change the version of a resource. */
function sorted(map: Readonly<Record<string, StringMatch>> | undefined): [string, StringMatch][] {
  return Object.entries(map ?? {}).sort(([a], [b]) => (a < b ? -1 : 1));
}
