// pillion manifest: the YAML of a whole installation, for people who apply it by other means than helm install.
import { existsSync, readdirSync } from "node:fs";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { PillionError } from "../../base/error.ts";
import { isObject, type Json, type JsonObject } from "../../injector/json.ts";
import { readDocuments } from "../../registry/yaml-source.ts";
import { helmTemplate } from "../manifest/helm.ts";
import { dealSetting, dealValues, mergeValues, type Releases, splitSettings } from "../manifest/settings.ts";
import { readOneFile } from "../read-files.ts";
import type { ExitCode, Verb } from "../verb.ts";

const usage = `
Usage: pillion manifest generate [--set KEY=VALUE]... [-f FILE]... [-n NAMESPACE]

Prints the objects of an installation, as \`helm template\` makes them of the charts. The namespace has to be there already:
  kubectl create namespace istio-system
  pillion manifest generate --set profile=demo | kubectl apply --server-side -f -

  --set KEY=VALUE        as helm takes it; may be repeated, and wins over files
        profile=NAME               default (ingress gateway), minimal (no gateway), demo (both gateways, logs)
        base.KEY, gateways.NAME.KEY  for charts/base, or a gateway of the profile; all other keys are for charts/pillion
  -f, --values FILE      values in YAML with the same keys; may be repeated
  -n, --namespace NAME   of the control plane and the gateways   (istio-system)

Exit code: 0 done, 2 could not run.
`;

export const manifest: Verb = {
  name: "manifest",
  summary: "print the YAML of an installation",
  usage,
  run: async (args, io) => {
    const { values: flags, positionals } = parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        set: { type: "string", multiple: true, default: [] },
        values: { type: "string", short: "f", multiple: true, default: [] },
        namespace: { type: "string", short: "n", default: "istio-system" },
      },
    });
    if (positionals.join(" ") !== "generate") {
      const asked = positionals.length === 0 ? "nothing" : `"${positionals.join(" ")}"`;
      throw new PillionError("USAGE", {
        problem: `manifest is asked for ${asked}`,
        fix: "Use pillion manifest generate",
      });
    }
    const { profile, settings } = chosenProfile(flags.set.flatMap(splitSettings));
    const plan = await readPlan(profile, flags.values, io.signal);
    const sets = settings.flatMap((setting) => dealSetting(setting, plan.releases));
    const texts: string[] = [];
    for (const [name, { chart, values }] of plan.parts) {
      const own = sets.filter(({ release }) => release === name).map(({ text }) => text);
      const release = { name, chart, namespace: flags.namespace, values, settings: own };
      texts.push(await helmTemplate(release, io.signal));
    }
    // All or nothing, because it is piped into kubectl.
    io.out.write(texts.join(""));
    return 0 satisfies ExitCode;
  },
};

/** The charts: this file is dist/cli/verbs/manifest.js when it runs, or cli/verbs/manifest.ts. */
const charts = ((): string => {
  const above = fileURLToPath(new URL("../..", import.meta.url));
  return join(above, basename(above) === "dist" ? ".." : ".", "charts");
})();

interface Plan {
  readonly releases: Releases;
  /** In the order of installation. */
  readonly parts: ReadonlyMap<string, { readonly chart: string; readonly values: JsonObject }>;
}

function chosenProfile(all: readonly string[]): { readonly profile: string; readonly settings: readonly string[] } {
  const isProfile = (setting: string): boolean => setting.startsWith("profile=");
  const profile = all.findLast(isProfile)?.slice("profile=".length) ?? "default";
  return { profile, settings: all.filter((setting) => !isProfile(setting)) };
}

/** The profile with the files' values over it. */
async function readPlan(profile: string, files: readonly string[], signal: AbortSignal): Promise<Plan> {
  const own = profileFiles(profile);
  const gateways = [...own.keys()].filter((name) => name !== "istiod");
  const releases: Releases = { base: "istio-base", controlPlane: "istiod", gateways };
  const given: ReadonlyMap<string, JsonObject>[] = [];
  for (const file of files) given.push(dealValues(await readValues(file, signal), releases));
  const parts = new Map<string, { chart: string; values: JsonObject }>();
  for (const name of [releases.base, releases.controlPlane, ...gateways]) {
    const chart = name === releases.base ? "base" : name === releases.controlPlane ? "pillion" : "gateway";
    const path = own.get(name);
    const layers = [
      path === undefined ? {} : await readValues(path, signal),
      ...given.map((dealt) => dealt.get(name) ?? {}),
    ];
    parts.set(name, { chart: join(charts, chart), values: layers.reduce(mergeValues) });
  }
  return { releases, parts };
}

/** The profile's files by the release that each is for; the ingress gateway before the egress gateway. */
function profileFiles(profile: string): ReadonlyMap<string, string> {
  const all = join(charts, "profiles");
  const folder = join(all, profile);
  if (!/^[a-z]+$/.test(profile) || !existsSync(folder)) {
    const known = readdirSync(all).filter((name) => !name.includes("."));
    throw new PillionError("VALUES", {
      problem: `there is no profile "${profile}"`,
      fix: `Use one of ${known.join(", ")}`,
    });
  }
  const names = readdirSync(folder).toSorted().toReversed();
  return new Map(names.map((name) => [basename(name, ".yaml"), join(folder, name)]));
}

async function readValues(file: string, signal: AbortSignal): Promise<JsonObject> {
  const { documents, problems } = readDocuments(await readOneFile(file, signal));
  const [first] = problems;
  if (first !== undefined) {
    throw new PillionError("NOT_YAML", {
      problem: `line ${first.line} of "${file}" is not YAML: ${first.text}`,
      fix: "Correct the line, or the indentation and quotes above it",
    });
  }
  const value = (documents[0]?.value ?? {}) as Json; // plain YAML is JSON's data
  if (isObject(value)) return value;
  throw new PillionError("VALUES", { problem: `"${file}" is no object of values`, fix: "Write keys and values" });
}
