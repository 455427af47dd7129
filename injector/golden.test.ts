// Every pod of testdata/*.in.yaml as it comes out. The first document of a file may hold `settings` and `namespace`.
import { readdirSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { parse, parseAllDocuments, stringify } from "yaml";
import { findingLine } from "../base/finding.ts";
import { bootstrap, bootstrapArgument } from "./bootstrap.ts";
import { decide, type NamespaceFacts } from "./decide.ts";
import { inject } from "./inject.ts";
import type { JsonObject } from "./json.ts";
import { redirectScript } from "./redirect.ts";
import { defaultSettings, type InjectorSettings, injectorSettings } from "./settings.ts";

const folder = new URL("testdata/", import.meta.url);
const names = readdirSync(folder).flatMap((name) => (name.endsWith(".in.yaml") ? [name.slice(0, -8)] : []));

interface Options {
  readonly settings?: Partial<InjectorSettings>;
  readonly namespace?: NamespaceFacts;
}

test.each(names)("inject() makes testdata/%s.out.yaml", async (name) => {
  const documents = parseAllDocuments(readFileSync(new URL(`${name}.in.yaml`, folder), "utf8")).map(
    (one) => one.toJS() as JsonObject,
  );
  const pod = documents.at(-1) ?? {};
  const { settings: changes = {}, namespace = { name: "shop", labels: { "istio-injection": "enabled" } } }: Options =
    documents.length > 1 ? (documents[0] ?? {}) : {};
  const settings = injectorSettings(changes);
  const decision = decide(pod, namespace, settings);
  const { pod: injected, findings } = decision.inject ? inject(pod, namespace, settings) : { pod, findings: [] };
  const text = stringify(readable(injected, settings), { aliasDuplicateObjects: false, lineWidth: 0 });
  const said = [...(decision.inject ? [] : [decision.reason]), ...findings.map(findingLine)].map(
    (line) => `# ${line}\n`,
  );
  await expect(`${said.join("")}${text}`).toMatchFileSnapshot(new URL(`${name}.out.yaml`, folder).pathname);
});

/** The long texts that are the same in every pod are named instead; they have goldens of their own. */
function readable(pod: JsonObject, settings: InjectorSettings): unknown {
  const names = new Map<string, string>([[redirectScript, "(redirectScript)"]]);
  for (const role of ["sidecar", "gateway"] as const) {
    names.set(bootstrapArgument(settings, settings.stats, role), `(bootstrap of a ${role})`);
  }
  const shorten = (_key: string, value: unknown): unknown => {
    if (typeof value !== "string") return value;
    const matcher = /^\{"node".*"stats_matcher":(.*?\]\}\})/.exec(value)?.[1] ?? "";
    return names.get(value) ?? (matcher === "" ? value : `(bootstrap with ${matcher})`);
  };
  return JSON.parse(JSON.stringify(pod, shorten));
}

test("bootstrap() makes testdata/bootstrap.yaml", async () => {
  const text = stringify(bootstrap(defaultSettings, defaultSettings.stats, "sidecar"), {
    aliasDuplicateObjects: false,
  });
  await expect(text).toMatchFileSnapshot(new URL("bootstrap.yaml", folder).pathname);
  expect(parse(text)).toEqual(JSON.parse(bootstrapArgument(defaultSettings, defaultSettings.stats, "sidecar")));
});

test("redirectScript is testdata/redirect.sh", async () => {
  await expect(`${redirectScript}\n`).toMatchFileSnapshot(new URL("redirect.sh", folder).pathname);
});
