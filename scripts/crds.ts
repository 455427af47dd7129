// Writes what Helm's charts take from the schemas: a CustomResourceDefinition a kind, and the rights to watch what is read.
//   npm run generate:crds
// test/apiserver/charts.test.ts compares what is committed with what this would write.
import { mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { stringify } from "yaml";
import { type Crd, crdFor } from "../api/crd.ts";
import { descriptions } from "../api/kinds.ts";
import { watchedKinds } from "../registry/kubernetes/resources.ts";

const charts = fileURLToPath(new URL("../charts", import.meta.url));
const crdFolder = join("base", "files", "crds");

/** The generated files by their path below charts/. */
export function generatedFiles(): ReadonlyMap<string, string> {
  const meshKinds = Object.values(descriptions).filter(({ meshKind }) => meshKind);
  const crds = meshKinds.map(crdFor);
  return new Map([
    ...crds.map((crd): [string, string] => [join(crdFolder, `${crd.metadata.name}.yaml`), yaml(withMetadata(crd))]),
    [join("pillion", "files", "watched.yaml"), yaml(watchRules())],
  ]);
}

/**
 * Helm leaves the definition at uninstall: with it the API server would throw away everybody's objects.
 * The API server drops an empty list, which tools that compare would take for a change.
 */
function withMetadata(crd: Crd): object {
  const { shortNames, ...names } = crd.spec.names;
  const spec = { ...crd.spec, names: { ...names, ...(shortNames.length === 0 ? {} : { shortNames }) } };
  const metadata = {
    ...crd.metadata,
    labels: { "app.kubernetes.io/name": "pillion-base", "app.kubernetes.io/part-of": "pillion" },
    annotations: { "helm.sh/resource-policy": "keep" },
  };
  return { ...crd, metadata, spec };
}

/** Rules of a ClusterRole: one for each group of kinds that are followed. Of ConfigMaps it reads some only, as the chart says itself. */
function watchRules(): readonly object[] {
  const plurals = new Map<string, string[]>();
  for (const { group, plural } of watchedKinds.map((kind) => descriptions[kind])) {
    if (plural === descriptions.ConfigMap.plural) continue;
    plurals.set(group, [...(plurals.get(group) ?? []), plural]);
  }
  return [...plurals].map(([group, resources]) => ({
    apiGroups: [group],
    resources: resources.toSorted(),
    verbs: ["list", "watch"],
  }));
}

function yaml(value: unknown): string {
  return `# Made by \`npm run generate:crds\`.\n${stringify(value, { lineWidth: 0, aliasDuplicateObjects: false })}`;
}

function write(): void {
  const files = generatedFiles();
  mkdirSync(join(charts, crdFolder), { recursive: true });
  for (const name of readdirSync(join(charts, crdFolder))) {
    if (!files.has(join(crdFolder, name))) rmSync(join(charts, crdFolder, name));
  }
  for (const [path, text] of files) {
    mkdirSync(dirname(join(charts, path)), { recursive: true });
    writeFileSync(join(charts, path), text);
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) write();
