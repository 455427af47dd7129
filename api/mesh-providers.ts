// Extension providers of the mesh configuration: who decides about requests, and who gets traces and logs.
import { child, type JsonPath, jsonPath } from "../base/json-path.ts";
import { portNumber, unusable } from "./mesh-problems.ts";
import { nearest } from "./nearest.ts";
import { isJsonObject, type JsonObject } from "./normalize.ts";
import type { SchemaProblem } from "./schema-findings.ts";

/** The sorts of providers, and whether each names a service with a port. */
const sorts: Readonly<Record<string, boolean>> = {
  envoyExtAuthzHttp: true,
  envoyExtAuthzGrpc: true,
  zipkin: true,
  lightstep: true,
  datadog: true,
  skywalking: true,
  opencensus: true,
  opentelemetry: true,
  envoyHttpAls: true,
  envoyTcpAls: true,
  envoyOtelAls: true,
  envoyFileAccessLog: false,
  prometheus: false,
  stackdriver: false,
  sds: false,
};
const words = Object.keys(sorts);

/** What is wrong with the list of providers. */
export function providerProblems(list: unknown): readonly SchemaProblem[] {
  if (!Array.isArray(list)) return [];
  const names = list.map((provider: unknown) => (isJsonObject(provider) ? provider["name"] : undefined));
  return list.flatMap((provider: unknown, index) => {
    const path = jsonPath("extensionProviders", index);
    if (!isJsonObject(provider)) return [];
    const { name } = provider;
    const named = name === undefined || name === "";
    return [
      ...(named ? [unusable(path, "the provider has no name", "Write name: and how policies are to call it")] : []),
      ...(!named && names.indexOf(name) < index
        ? [unusable(child(path, "name"), `${JSON.stringify(name)} is the name of a provider before it`, "Rename one")]
        : []),
      ...sortProblems(provider, path),
    ];
  });
}

function sortProblems(provider: JsonObject, path: JsonPath): readonly SchemaProblem[] {
  const given = Object.keys(provider).filter((field) => field !== "name");
  const [sort] = given;
  if (sort === undefined)
    return [unusable(path, "it is not said what the provider is", `Add ${words[0]}, for example`)];
  if (given.length > 1) return [unusable(path, `the provider is ${given.join(" and ")}`, "Write a provider for each")];
  const near = nearest(sort, words);
  if (sorts[sort] === undefined && near !== undefined)
    return [unusable(child(path, sort), `there is no sort of provider "${sort}"`, `Write "${near}"`)];
  const settings = provider[sort];
  if (sorts[sort] !== true || !isJsonObject(settings)) return [];
  const place = child(path, sort);
  const { accessToken, statusOnError } = settings;
  return [
    ...serviceProblems(settings, place),
    ...(sort === "lightstep" && (accessToken === undefined || accessToken === "")
      ? [unusable(child(place, "accessToken"), "there is no token", "Write the project's access token")]
      : []),
    ...(statusOnError === undefined || statusOnError === "" || isStatus(statusOnError)
      ? []
      : [
          unusable(
            child(place, "statusOnError"),
            `${JSON.stringify(statusOnError)} is no status`,
            'Write one such as "503"',
          ),
        ]),
  ];
}

/** Statuses that Envoy has a name for. @see envoy.type.v3.StatusCode */
const statuses: ReadonlySet<number> = new Set([
  100, 200, 201, 202, 203, 204, 205, 206, 207, 208, 226, 300, 301, 302, 303, 304, 305, 307, 308, 400, 401, 402, 403,
  404, 405, 406, 407, 408, 409, 410, 411, 412, 413, 414, 415, 416, 417, 421, 422, 423, 424, 426, 428, 429, 431, 500,
  501, 502, 503, 504, 505, 506, 507, 508, 510, 511,
]);

function isStatus(value: unknown): boolean {
  return typeof value === "string" && /^\d{3}$/.test(value) && statuses.has(Number(value));
}

function serviceProblems({ service, port, http, grpc, pathPrefix }: JsonObject, path: JsonPath): SchemaProblem[] {
  const problems: SchemaProblem[] = [];
  const text = typeof service === "string" ? service : "";
  if (!/^([a-z0-9]([-a-z0-9]*[a-z0-9])?\/)?[-a-z0-9.]+$/i.test(text)) {
    const problem = text === "" ? "there is no service" : `"${text}" is no service`;
    problems.push(unusable(child(path, "service"), problem, "Write a host, or namespace/host"));
  }
  const wrong = portNumber(port);
  if (wrong !== undefined) {
    const problem = port === undefined ? "there is no port" : `${JSON.stringify(port)} ${wrong.what}`;
    problems.push(unusable(child(path, "port"), problem, wrong.fix));
  }
  if (http !== undefined && grpc !== undefined)
    problems.push(unusable(path, "http and grpc are set", "Keep one of them"));
  if (typeof pathPrefix === "string" && pathPrefix !== "" && !pathPrefix.startsWith("/"))
    problems.push(
      unusable(child(path, "pathPrefix"), `"${pathPrefix}" does not begin with /`, `Write "/${pathPrefix}"`),
    );
  else if (typeof pathPrefix === "string" && /%(?![0-9A-Fa-f]{2})/.test(pathPrefix))
    problems.push(unusable(child(path, "pathPrefix"), `"${pathPrefix}" is no path`, "Write %25 for a percent sign"));
  return problems;
}
