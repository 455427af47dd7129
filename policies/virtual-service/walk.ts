// Places in a VirtualService that several rules look at, with their paths; found once for each object.
import type {
  Destination,
  HeaderOperations,
  Headers,
  HttpMatch,
  HttpRoute,
  StringMatch,
} from "../../api/http-route.ts";
import type { RouteDestination, TcpMatch, TlsMatch, VirtualService } from "../../api/virtual-service.ts";
import { child, type JsonPath, jsonPath } from "../../base/json-path.ts";
import { memoize } from "../../base/memo.ts";

/** A value and where it stands. */
export interface Place<T> {
  readonly value: T;
  readonly path: JsonPath;
}

/** Items of a list with their paths. */
export function items<T>(list: readonly T[] | undefined, path: JsonPath): readonly Place<T>[] {
  return (list ?? []).map((value, index) => ({ value, path: child(path, index) }));
}

/** The HTTP rules. */
export const httpRulesOf = memoize(({ spec }: VirtualService): readonly Place<HttpRoute>[] => {
  return items(spec.http, jsonPath("spec", "http"));
});

/** The matches of HTTP rules. */
export const httpMatchesOf = memoize((object: VirtualService): readonly Place<HttpMatch>[] => {
  return httpRulesOf(object).flatMap(({ value, path }) => items(value.match, child(path, "match")));
});

/** The matches of TCP and TLS rules. */
export const connectionMatchesOf = memoize(({ spec }: VirtualService): readonly Place<TcpMatch | TlsMatch>[] => {
  return (["tcp", "tls"] as const).flatMap((list) =>
    items<{ match?: readonly (TcpMatch | TlsMatch)[] }>(spec[list], jsonPath("spec", list)).flatMap(({ value, path }) =>
      items(value.match, child(path, "match")),
    ),
  );
});

/** Lists of destinations that share the traffic of a rule, with the path of the list. */
export const splitsOf = memoize((object: VirtualService): readonly Place<readonly RouteDestination[]>[] => {
  const lists = (["http", "tcp", "tls"] as const).flatMap((list) =>
    items<{ route?: readonly RouteDestination[] }>(object.spec[list], jsonPath("spec", list)),
  );
  return lists.flatMap(({ value, path }) =>
    value.route === undefined ? [] : [{ value: value.route, path: child(path, "route") }],
  );
});

/** Every destination of a route or mirror. */
export const destinationsOf = memoize((object: VirtualService): readonly Place<Destination>[] => {
  const routed = splitsOf(object).flatMap(({ value, path }) =>
    items(value, path).map((item) => ({ value: item.value.destination, path: child(item.path, "destination") })),
  );
  const mirrored = httpRulesOf(object).flatMap(({ value, path }) => [
    ...(value.mirror === undefined ? [] : [{ value: value.mirror, path: child(path, "mirror") }]),
    ...items(value.mirrors, child(path, "mirrors")).map((item) => ({
      value: item.value.destination,
      path: child(item.path, "destination"),
    })),
  ]);
  return [...routed, ...mirrored];
});

/** Every place where headers are changed. */
export const headerOperationsOf = memoize((object: VirtualService): readonly Place<HeaderOperations>[] => {
  const places = httpRulesOf(object).flatMap(({ value, path }): Place<Headers>[] => [
    ...(value.headers === undefined ? [] : [{ value: value.headers, path: child(path, "headers") }]),
    ...items(value.route, child(path, "route")).flatMap((route) =>
      route.value.headers === undefined ? [] : [{ value: route.value.headers, path: child(route.path, "headers") }],
    ),
  ]);
  return places.flatMap(({ value, path }) =>
    (["request", "response"] as const).flatMap((side) => {
      const operations = value[side];
      return operations === undefined ? [] : [{ value: operations, path: child(path, side) }];
    }),
  );
});

/** Every StringMatch of the HTTP rules. */
export const stringMatchesOf = memoize((object: VirtualService): readonly Place<StringMatch>[] => {
  const matched = httpMatchesOf(object).flatMap(({ value, path }) => [
    ...(["uri", "scheme", "method", "authority"] as const).flatMap((field) => {
      const match = value[field];
      return match === undefined ? [] : [{ value: match, path: child(path, field) }];
    }),
    ...(["headers", "withoutHeaders", "queryParams"] as const).flatMap((field) =>
      Object.entries(value[field] ?? {}).map(([name, match]) => ({ value: match, path: child(path, field, name) })),
    ),
  ]);
  const origins = httpRulesOf(object).flatMap(({ value, path }) =>
    items(value.corsPolicy?.allowOrigins, child(path, "corsPolicy", "allowOrigins")),
  );
  return [...matched, ...origins];
});
