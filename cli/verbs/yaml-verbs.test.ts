// The verbs about YAML, as their users run them from the top folder: each once compiled, as a process; the rest in this one.
import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { errorText } from "../../base/error.ts";
import type { Verb } from "../verb.ts";
import { analyze } from "./analyze.ts";
import { kubeInject } from "./kube-inject.ts";
import { validate } from "./validate.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
const data = "cli/verbs/testdata";
const scratch = mkdtempSync(join(tmpdir(), "pillion-yaml-verbs-"));
/** Other tests keep the machine busy: a process that takes a second by itself may take several. */
const processLimitMs = 30_000;

afterAll(() => rmSync(scratch, { recursive: true }));

interface Outcome {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** The verb in this process, with what was thrown as main.ts says it. */
async function pillion([name = "", ...args]: readonly string[]): Promise<Outcome> {
  const [out, err] = [new PassThrough(), new PassThrough()];
  const io = { out, err, signal: new AbortController().signal };
  const verb: Verb | undefined = [validate, analyze, kubeInject].find((known) => known.name === name);
  const status = await verb?.run(args, io).catch((thrown: unknown) => {
    err.write(`pillion ${name}: ${errorText(thrown)}\n`);
    return 2;
  });
  return { status: status ?? -1, stdout: String(out.read() ?? ""), stderr: String(err.read() ?? "") };
}

/** A file with that text. */
function fileWith(text: string): string {
  const file = join(scratch, "given.yaml");
  writeFileSync(file, text);
  return file;
}

/** The arguments of a command line that has no quotes. */
const wordsOf = (line: string): readonly string[] => line.trim().split(/\s+/);

describe("the compiled program", { timeout: processLimitMs }, () => {
  beforeAll(() => {
    const built = spawnSync(process.execPath, ["scripts/build.mjs"], { cwd: root, encoding: "utf8" });
    expect(built.stdout + built.stderr).toBe("");
  }, 120_000);

  test.each([
    {
      verb: "validate",
      input: "kind: [\n",
      want: { status: 1, stdout: /^stdin:2:1: error: File stdin\n {2}PIL1014 /, stderr: /^$/ },
    },
    {
      verb: "analyze",
      input: "kind: Job\napiVersion: batch/v1\n",
      want: { status: 0, stdout: /^1 file, 0 objects: all well\n$/, stderr: /^Skipped/ },
    },
    {
      verb: "kube-inject",
      input: "kind: Job # other\n",
      want: { status: 0, stdout: /^kind: Job # other\n$/, stderr: /^$/ },
    },
  ])("$verb reads what is piped in", ({ verb, input, want }) => {
    const args = ["dist/cli/main.js", verb, "-f", "-"];
    const { status, stdout, stderr } = spawnSync(process.execPath, args, { cwd: root, input, encoding: "utf8" });
    expect(stderr).toMatch(want.stderr);
    expect(stdout).toMatch(want.stdout);
    expect(status).toBe(want.status);
  });
});

describe("pillion validate", () => {
  test("prints findings under FILE:LINE:COLUMN, and ends with 1 on errors", async () => {
    const { status, stdout, stderr } = await pillion(["validate", "-f", `${data}/broken.yaml`]);
    expect(stdout.split("\n").filter((line) => /^\S/.test(line))).toEqual([
      `${data}/broken.yaml:25:7: error: VirtualService default/another`,
      "1 file, 4 objects: 1 error",
    ]);
    expect(stdout).toContain(
      '\n  PIL1001 spec.http[0].tiemout: there is no field "tiemout" here; did you mean "timeout"?\n',
    );
    expect(stderr).toBe("Skipped what the mesh does not read: v1 Secret.\n");
    expect(status).toBe(1);
  });

  test.each([
    { args: ["-f", "nowhere.yaml"], says: /^pillion validate: FILE_MISSING: there is no file "nowhere.yaml"\. .+\n$/ },
    { args: [], says: /^pillion validate: NO_FILES: .+\n$/ },
    { args: ["-f", "cli/demo"], says: /^pillion validate: NO_FILES: the folder "cli\/demo" .+\n$/ },
    { args: ["-f", data, "-o", "xml"], says: /^pillion validate: OUTPUT_FORM: there is no output form "xml"\. .+\n$/ },
  ])("ends with 2 and one sentence when it cannot run: $args", async ({ args, says }) => {
    const { status, stdout, stderr } = await pillion(["validate", ...args]);
    expect(stderr).toMatch(says);
    expect({ status, stdout }).toEqual({ status: 2, stdout: "" });
  });

  test("explains a code, in any case", async () => {
    const { status, stdout } = await pillion(["validate", "--explain", "pil3101"]);
    expect(stdout).toMatch(/^# PIL3101: .+\n[\s\S]*```yaml\n/);
    expect(status).toBe(0);
    expect((await pillion(["analyze", "--explain", "PIL31O1"])).stderr).toMatch(
      /UNKNOWN_CODE: .+ Write --explain PIL3101/,
    );
  });

  test("looks at a file once, however often it is named", async () => {
    const { stdout } = await pillion([
      "validate",
      "-f",
      data,
      "-f",
      `${data}/values.yaml`,
      "-f",
      `./${data}/values.yaml`,
    ]);
    expect(stdout).toContain(`\n${readdirSync(data).length} files, `);
  });
});

describe("pillion analyze", () => {
  test("prints an array of findings with file, line and column", async () => {
    const { status, stdout } = await pillion(["analyze", "-o", "json", "-f", `${data}/broken.yaml`]);
    const file = `${data}/broken.yaml`;
    expect(JSON.parse(stdout)).toMatchObject([
      {
        file,
        line: 17,
        column: 37,
        code: "PIL2103",
        severity: "warning",
        path: "spec.http[0].route[0].destination.subset",
      },
      { file, line: 25, code: "PIL1001", severity: "error", object: { name: "another" } },
      { file, line: 33, code: "PIL3001", severity: "error", object: { name: "also" }, others: [{ name: "one" }] },
    ]);
    expect(status).toBe(1);
  });

  test("ends with 0 where there are only warnings", async () => {
    const broken = readFileSync(join(root, data, "broken.yaml"), "utf8");
    const file = fileWith(broken.split("---\n").slice(0, 3).join("---\n"));
    const { status, stdout } = await pillion(["analyze", "-f", file]);
    expect(stdout).toContain("\n1 file, 2 objects: 1 warning\n");
    expect(status).toBe(0);
  });
});

describe("pillion kube-inject", () => {
  const names = readdirSync(join(root, data)).flatMap((name) => (name.endsWith(".in.yaml") ? [name.slice(0, -8)] : []));

  // The first line of each file is the command line; what goes to stderr stands above the result.
  test.each(names)("makes testdata/%s.out.yaml", async (name) => {
    const file = `${data}/${name}.in.yaml`;
    const [command = ""] = readFileSync(join(root, file), "utf8").split("\n");
    const [, , ...args] = wordsOf(command);
    const { status, stdout, stderr } = await pillion([...args, "-f", file]);
    expect(status).toBe(0);
    const said = stderr.replaceAll(/^(?=.)/gm, "# ");
    await expect(`${said}${shortened(stdout)}`).toMatchFileSnapshot(join(root, data, `${name}.out.yaml`));
    const again = await pillion([...args, "-f", fileWith(stdout)]);
    expect(again.stdout).toBe(stdout);
  });

  test("writes a file, and nothing else", async () => {
    const output = join(scratch, "output.yaml");
    const { status, stdout } = await pillion(["kube-inject", "-f", `${data}/classic.in.yaml`, "-o", output]);
    expect({ status, stdout }).toEqual({ status: 0, stdout: "" });
    expect(readFileSync(output, "utf8")).toContain("- name: istio-proxy\n");
  });

  test("prints nothing when an object cannot be injected", async () => {
    const file = fileWith(
      "apiVersion: v1\nkind: Pod\nmetadata:\n  name: a\n  annotations:\n    sidecar.istio.io/logLevel: loud\n",
    );
    const { status, stdout, stderr } = await pillion(["kube-inject", "-f", file]);
    expect(stderr).toMatch(/given\.yaml:6:5: error: Pod default\/a\n {2}PIL5002 metadata\.annotations/);
    expect({ status, stdout }).toEqual({ status: 1, stdout: "" });
  });

  test.each([
    { flag: "-f", text: "[", status: 1, says: /^\S+:2:1: error: File \S+\n {2}PIL1014 / },
    {
      flag: "--values",
      text: "global: { proxy: { logLevel: loud } }",
      status: 2,
      says: /VALUES: .+ global\.proxy\.logLevel is "loud"/,
    },
    { flag: "--values", text: "{", status: 2, says: /NOT_YAML: line 2 of / },
    { flag: "--mesh-config", text: "accessLogEncoding: XML", status: 2, says: /MESH_CONFIG: .+ accessLogEncoding: / },
    { flag: "--mesh-config", text: "kind: ConfigMap", status: 2, says: /MESH_CONFIG: .+ has no key "mesh"/ },
  ])("ends with $status when $flag holds $text", async ({ flag, text, status: wanted, says }) => {
    const file = fileWith(`${text}\n`);
    const { status, stdout, stderr } = await pillion(["kube-inject", "-f", `${data}/classic.in.yaml`, flag, file]);
    expect(stderr).toMatch(says);
    expect({ status, stdout }).toEqual({ status: wanted, stdout: "" });
  });

  test.each([
    { args: ["-f", data], says: /FILE_UNREADABLE: .+ it is a folder/ },
    { args: ["-f", `${data}/classic.in.yaml`, "--values", "nowhere"], says: /FILE_MISSING/ },
    { args: ["-f", `${data}/classic.in.yaml`, "-o", "no/where"], says: /FILE_UNWRITABLE/ },
    { args: [], says: /NO_FILES/ },
  ])("ends with 2 and one sentence when it cannot run: $args", async ({ args, says }) => {
    const { status, stdout, stderr } = await pillion(["kube-inject", ...args]);
    expect(stderr).toMatch(says);
    expect({ status, stdout }).toEqual({ status: 2, stdout: "" });
  });
});

describe("README.md", () => {
  const text = readFileSync(join(root, "README.md"), "utf8");
  const examples = text.matchAll(/^npx pillion ((?:validate|analyze|kube-inject) [^#\n]+)/gm);
  const lines = [...examples].map(([, line = ""]) => line.trim());

  test("has an example of each verb", () => {
    expect(lines.map((line) => line.split(" ")[0])).toEqual(["validate", "analyze", "kube-inject"]);
  });

  test.each(lines)("pillion %s works", async (line) => {
    const args = wordsOf(line).map((word) => word.replace("httpbin-injected", join(scratch, "injected")));
    const { status, stderr } = await pillion(args);
    expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
  });
});

/** The long texts that ride in arguments have goldens of their own, in injector/. */
function shortened(yaml: string): string {
  return yaml.replaceAll(/^(.{120}).+?('?)$/gm, "$1…$2");
}
