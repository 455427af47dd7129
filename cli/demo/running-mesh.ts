// The demo as the walkthrough asks it.
import { execFile } from "node:child_process";
import { existsSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { parseAllDocuments } from "yaml";
import { PillionError } from "../../base/error.ts";
import { admissionClient } from "../../sandbox/admission.ts";
import { parseObject } from "../../sandbox/objects.ts";
import { type Answer, answerEnd, parseAnswers } from "./answer.ts";
import type { Ask, DemoMesh, DemoPod, Output, Place, Verdict } from "./mesh.ts";
import { type Demo, samplesDirectory } from "./start.ts";

/** "host/" is this machine, outside of the sandbox. */
const hostPlace: Place = "host/";
const defaultMaxSeconds = 15;

/** curl's words for asking so many times over one connection. The part after "#" makes URLs differ, and is not sent. */
function curlWords(
  url: string,
  { headers = [], times = 1, maxSeconds = defaultMaxSeconds, args = [] }: Ask,
): readonly string[] {
  const withHeaders = headers.flatMap((header) => ["-H", header]);
  return [
    "curl",
    "-sS",
    "-i",
    "-m",
    `${maxSeconds}`,
    "-w",
    answerEnd,
    ...withHeaders,
    ...args,
    times === 1 ? url : `${url}#[1-${times}]`,
  ];
}

async function onHost(words: readonly string[]): Promise<Output> {
  const [program = "", ...args] = words;
  return new Promise((resolve) => {
    execFile(program, args, { maxBuffer: 64 * 1024 * 1024 }, (failure, stdout, stderr) => {
      resolve({ stdout, stderr, code: failure === null ? 0 : typeof failure.code === "number" ? failure.code : 1 });
    });
  });
}

function splitPlace(place: Place): { readonly namespace: string; readonly name: string } {
  const slash = place.indexOf("/");
  return { namespace: place.slice(0, slash), name: place.slice(slash + 1) };
}

/** The mesh of a demo. `ready` waits until all its pods are. */
export function runningMesh(demo: Demo, ready: () => Promise<void>): DemoMesh {
  const { sandbox, directory } = demo;
  /** What was written, and what stood there before. */
  const applied = new Map<string, string | undefined>();
  const fileOf = (name: string): string => join(directory, `${name}.yaml`);

  const exec: DemoMesh["exec"] = async (place, command, options = {}) => {
    if (place === hostPlace) return onHost(command);
    const { namespace, name } = splitPlace(place);
    const { container = "", input } = options;
    const stdin = input === undefined ? {} : { stdin: input };
    return sandbox.exec(namespace, `deploy/${name}`, container, command, { ...stdin, timeoutMs: 120_000 });
  };
  const askMany = async (from: Place, url: string, ask: Ask): Promise<readonly Answer[]> =>
    parseAnswers((await exec(from, curlWords(url, ask))).stdout);
  const askOnce = async (from: Place, url: string, ask: Ask = {}): Promise<Answer> => {
    const [answer] = await askMany(from, url, ask);
    return answer ?? { status: 0, headers: {}, body: "", ms: 0 };
  };
  const pods = (): readonly DemoPod[] => sandbox.pods();
  const podsOf = (place: Place): readonly DemoPod[] => {
    const { namespace, name } = splitPlace(place);
    return pods().filter((pod) => pod.namespace === namespace && new RegExp(`^${name}(-[a-z0-9]+){2}$`).test(pod.name));
  };
  const write = (name: string, yaml: string): void => {
    writeFileSync(join(directory, `.${name}.new`), yaml);
    renameSync(join(directory, `.${name}.new`), fileOf(name));
  };
  const apply = (name: string, yaml: string): void => {
    if (!applied.has(name))
      applied.set(name, existsSync(fileOf(name)) ? readFileSync(fileOf(name), "utf8") : undefined);
    write(name, yaml);
  };
  const remove = (name: string): void => {
    const before = applied.get(name);
    if (before === undefined) rmSync(fileOf(name), { force: true });
    else write(name, before);
    applied.delete(name);
  };
  return {
    ingressUrl: demo.ingressUrl,
    directory,
    apply,
    remove,
    applySample: (path) => apply(basename(path, ".yaml"), readFileSync(join(samplesDirectory, path), "utf8")),
    restore: async () => {
      for (const name of [...applied.keys()]) remove(name);
      await ready();
    },
    ask: askOnce,
    askMany,
    askIngress: async (path, ask) => askOnce(hostPlace, `${demo.ingressUrl}${path}`, ask),
    exec,
    pods,
    podsOf,
    logs: (place, container) => {
      const { namespace, name } = splitPlace(place);
      return sandbox.logs(namespace, `deploy/${name}`, container);
    },
    restart: async (place) => {
      const old = podsOf(place).map((pod) => pod.name);
      await Promise.all(old.map((name) => sandbox.deletePod(splitPlace(place).namespace, name)));
      await ready();
    },
    review: async (yaml) => review(demo, yaml),
    controlPlane: {
      kill: async () => demo.controlPlane.kill(),
      start: async () => demo.controlPlane.start(),
      metric: async (name) => demo.controlPlane.metric(name),
    },
  };
}

async function review(demo: Demo, yaml: string): Promise<Verdict> {
  const object = parseObject(parseAllDocuments(yaml)[0]?.toJS());
  if (object === undefined)
    throw new PillionError("DEMO_OBJECT", { problem: "The text holds no object", fix: "Give one YAML document" });
  const client = admissionClient({
    webhook: { host: "127.0.0.1", port: demo.controlPlane.webhookPort },
    stateDirectory: demo.stateDirectory,
  });
  try {
    return await client.review("/validate", object);
  } finally {
    client.close();
  }
}
