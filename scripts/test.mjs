// Runs test tiers one after the other and ends with one closing line: `N passed, N failed`.
//   node scripts/test.mjs            unit, envoy, sandbox, and apiserver where its programs are (what `npm test` is)
//   node scripts/test.mjs corpora    one tier by name
// A tier that cannot run is listed with its reason; under CI=true that is a failure, never a silent skip.
import { spawnSync } from "node:child_process";
import { appendFileSync, existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { homedir, tmpdir } from "node:os";
import { delimiter, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { stripVTControlCharacters } from "node:util";

const root = fileURLToPath(new URL("..", import.meta.url));
const cache = process.env.PILLION_CACHE ?? join(homedir(), ".cache", "pillion");
const envoy = process.env.PILLION_ENVOY ?? join(cache, "envoy-1.40.0", "envoy", "_bin", "envoy");

const withoutEnvoy = () =>
  existsSync(envoy) ? undefined : `there is no Envoy at ${envoy}; run \`node scripts/setup.mjs test\``;
const withoutRoot = () => (process.getuid?.() === 0 ? undefined : "network namespaces need root; run `sudo npm test`");

const onPath = (program, ...folders) =>
  [...folders, ...(process.env.PATH ?? "").split(delimiter)].some((folder) => existsSync(join(folder, program)));
const kubernetes =
  process.env.KUBEBUILDER_ASSETS ?? process.env.KUBE_CACHE ?? join(homedir(), ".cache", "kube-bin-1.34.4");

function withoutApiServer() {
  const missing = ["etcd", "kube-apiserver", "kube-controller-manager", "kubectl"].filter(
    (name) => !onPath(name, kubernetes),
  );
  if (!onPath("helm", join(cache, "bin"))) missing.push("helm");
  return missing.length === 0 ? undefined : `there is no ${missing.join(", no ")}; run \`npm run setup:apiserver\``;
}

function withoutNode() {
  if (!process.env.PILLION_CORPORA) return "PILLION_CORPORA names no folder of Istio's samples";
  if (process.env.PILLION_CLUSTER) return withoutRoot();
  return onPath("kind") && onPath("docker")
    ? undefined
    : "PILLION_CLUSTER names no folder with a program `cluster`, and there is no kind with Docker";
}

/** Why a tier can't run here, or undefined. */
const tiers = {
  unit: () => undefined,
  envoy: withoutEnvoy,
  sandbox: () => withoutRoot() ?? withoutEnvoy(),
  apiserver: withoutApiServer,
  cluster: withoutNode,
  corpora: () => (process.env.PILLION_CORPORA ? undefined : "PILLION_CORPORA names no folder of Istio's test cases"),
};
const wanted = process.argv.length > 2 ? process.argv.slice(2) : ["unit", "envoy", "sandbox", "apiserver"];

/** What failed in a tier, a line each: file, test, and the first line of the message. */
function failuresOf(tier, { testResults }) {
  return testResults.flatMap(({ name: file, status, message, assertionResults }) => {
    const place = `${tier} ${relative(root, file)}`;
    const tests = assertionResults.filter((test) => test.status === "failed");
    if (tests.length === 0) return status === "failed" ? [`${place}: ${firstLine(message)}`] : [];
    return tests.map((test) => `${place} > ${test.fullName}: ${firstLine(test.failureMessages[0])}`);
  });
}

function firstLine(message = "") {
  return stripVTControlCharacters(message).split("\n", 1)[0].slice(0, 500);
}

let passed = 0;
let failed = 0;
const notRun = [];
const failures = [];
const scratch = mkdtempSync(join(tmpdir(), "pillion-test-"));
for (const name of wanted) {
  const missing =
    tiers[name] === undefined
      ? `there is no tier of that name; there are ${Object.keys(tiers).join(", ")}`
      : tiers[name]();
  if (missing !== undefined) {
    notRun.push(`${name}: ${missing}`);
    continue;
  }
  console.log(`\n== ${name} tier`);
  const report = join(scratch, `${name}.json`);
  const run = spawnSync(
    process.execPath,
    [
      join(root, "node_modules", "vitest", "vitest.mjs"),
      "run",
      "--project",
      name,
      "--reporter=default",
      "--reporter=json",
      `--outputFile.json=${report}`,
    ],
    { cwd: root, stdio: "inherit", env: { ...process.env, PILLION_ENVOY: envoy } },
  );
  const counts = existsSync(report)
    ? JSON.parse(readFileSync(report, "utf8"))
    : { numPassedTests: 0, numFailedTests: 0, numTotalTests: 0, testResults: [] };
  passed += counts.numPassedTests;
  failed += counts.numFailedTests;
  // A file that does not load, or a tier without tests, has no failed test to count.
  if (run.status !== 0 && counts.numFailedTests === 0) failed += 1;
  failures.push(...failuresOf(name, counts));
  if (counts.numTotalTests === 0) notRun.push(`${name}: no test ran`);
}
rmSync(scratch, { recursive: true, force: true });

for (const line of notRun) console.log(`not run: ${line}`);
if (process.env.CI === "true") failed += notRun.length;
for (const line of failures) console.log(`failed: ${line}`);
if (process.env.PILLION_FAILURES) {
  appendFileSync(process.env.PILLION_FAILURES, [...failures, ...notRun].map((line) => `${line}\n`).join(""));
}
if (process.env.PILLION_COUNTS) appendFileSync(process.env.PILLION_COUNTS, `${passed} ${failed}\n`);
console.log(`\n${passed} passed, ${failed} failed`);
process.exitCode = failed === 0 && passed > 0 ? 0 : 1;
