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
  return sorts[sort] === true && isJsonObject(settings) ? serviceProblems(settings, child(path, sort)) : [];
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
  return problems;
}
