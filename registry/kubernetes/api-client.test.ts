import { copyFileSync, writeFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { inClusterAccess } from "./access.ts";
import { type ApiClient, createApiClient } from "./api-client.ts";
import { type Answer, ScriptedServer } from "./testing/scripted-server.ts";

let server: ScriptedServer;
let client: ApiClient;
const { signal } = new AbortController();
const get = { method: "GET", path: "/version", signal } as const;

beforeEach(async () => {
  server = await ScriptedServer.start();
  client = await createApiClient({ kubeconfig: server.kubeconfig() });
});
afterEach(async () => {
  client.close();
  await server.stop();
});

describe("ApiClient.request()", () => {
  test("asks as the kubeconfig says, and reads JSON", async () => {
    server.script({ body: [{ a: 1 }] }, { status: 404, headers: { "content-type": "text/plain" }, body: ["nowhere"] });
    expect(
      await client.request({ ...get, query: { limit: 5, watch: true, continue: undefined, x: "a b" } }),
    ).toMatchObject({
      status: 200,
      body: { a: 1 },
    });
    expect(await client.request(get)).toMatchObject({ status: 404, body: "nowhere" });
    expect(server.asked).toEqual(["GET /version?limit=5&watch=true&x=a+b", "GET /version"]);
    expect(server.authorizations).toEqual(["Bearer secret-token", "Bearer secret-token"]);
    expect(server.connections).toBe(1);
  });

  test("sends a body as JSON", async () => {
    server.script({ status: 201 });
    const contentType = "application/apply-patch+yaml";
    expect(await client.request({ ...get, method: "PATCH", body: { b: "é" }, contentType })).toMatchObject({
      status: 201,
    });
    expect(server.bodies).toEqual(['{"b":"é"}']);
  });

  test("is not disturbed by a server that closed an idle connection", async () => {
    server.script({}, {});
    await client.request(get);
    server.closeIdle();
    expect(await client.request(get)).toMatchObject({ status: 200 });
  });

  test.each<{ name: string; answer: Answer; want: RegExp }>([
    { name: "a cut answer", answer: { body: ["{"], ends: "cut" }, want: /^API_SERVER: .*aborted/ },
    { name: "an answer that is not JSON", answer: { body: ["<html>"] }, want: /^API_SERVER: .*is not JSON: <html>/ },
    {
      name: "an answer without an end",
      answer: { body: ["{"], ends: "open" },
      want: /^API_SERVER: .*no answer within 0\.3 s/,
    },
  ])("fails in one sentence after $name", async ({ answer, want }) => {
    server.script(answer);
    await expect(client.request({ ...get, timeoutMs: 300 })).rejects.toThrow(want);
  });

  test("never shows the token", async () => {
    server.script({ body: ["<"] });
    await expect(client.request(get)).rejects.toSatisfy(
      (error: unknown) => !JSON.stringify(error).includes("secret-token"),
    );
  });

  test("ends with the caller's reason", async () => {
    const stop = new AbortController();
    const asked = client.request({ ...get, signal: stop.signal });
    await server.untilAsked(1);
    stop.abort(new Error("enough"));
    await expect(asked).rejects.toThrow("enough");
  });

  test("says so when nobody listens", async () => {
    await server.close();
    await expect(client.request(get)).rejects.toThrow(/^API_SERVER: .*ECONNREFUSED.*kubectl get --raw \/readyz/);
  });

  test("says so when the server is a stranger", async () => {
    const other = await ScriptedServer.start();
    copyFileSync(other.caFile, server.caFile);
    await other.stop();
    await expect(client.request(get)).rejects.toThrow(/^API_SERVER: .*certificate authority/);
  });
});

describe("createApiClient()", () => {
  test.each([
    { name: "a file that is not there", file: "/nowhere", want: /^KUBECONFIG: .*"\/nowhere" cannot be read/ },
    { name: "no choice", file: undefined, want: /^API_CREDENTIALS: nothing says where/ },
  ])("fails for $name", async ({ file, want }) => {
    await expect(createApiClient(file === undefined ? {} : { kubeconfig: file })).rejects.toThrow(want);
  });

  test("fails for a context that is not there, and for plain HTTP", async () => {
    const file = join(server.directory, "other");
    writeFileSync(file, "apiVersion: v1\nkind: Config\ncurrent-context: dev\nclusters: []\nusers: []\ncontexts: []\n");
    await expect(createApiClient({ kubeconfig: file })).rejects.toThrow(/^KUBECONFIG: the current context "dev"/);
    writeFileSync(
      file,
      "current-context: x\ncontexts: [{name: x, context: {cluster: c, user: u}}]\nclusters: [{name: c, cluster: {server: 'http://a'}}]\nusers: [{name: u, user: {}}]\n",
    );
    await expect(createApiClient({ kubeconfig: file })).rejects.toThrow(/^KUBECONFIG: .*"http:\/\/a" does not begin/);
  });

  test("takes the context that is asked for, with its namespace", async () => {
    const file = join(server.directory, "two");
    const context = (name: string, namespace: string) =>
      `{name: ${name}, context: {cluster: ${name}, user: u, namespace: ${namespace}}}`;
    const cluster = (name: string) => `{name: ${name}, cluster: {server: 'https://${name}'}}`;
    writeFileSync(
      file,
      `current-context: a\ncontexts: [${context("a", "shop")}, ${context("b", "bank")}]\nclusters: [${cluster("a")}, ${cluster("b")}]\nusers: [{name: u, user: {}}]\n`,
    );
    const current = await createApiClient({ kubeconfig: file });
    const chosen = await createApiClient({ kubeconfig: file, context: "b" });
    expect([current, chosen].map(({ server: at, namespace }) => [at, namespace])).toEqual([
      ["https://a", "shop"],
      ["https://b", "bank"],
    ]);
    await expect(createApiClient({ kubeconfig: file, context: "c" })).rejects.toThrow(/^KUBECONFIG: the context "c"/);
  });
});

describe("createApiClient() with several kubeconfig files", () => {
  const write = (name: string, cluster: string, at: string, more = ""): string => {
    const file = join(server.directory, name);
    const contexts = `contexts: [{name: ${cluster}, context: {cluster: ${cluster}, user: u}}]`;
    const clusters = `clusters: [{name: ${cluster}, cluster: {server: 'https://${at}'}}]`;
    writeFileSync(file, `${contexts}\n${clusters}\nusers: [{name: u, user: {}}]\n${more}`);
    return file;
  };
  const listed = (...files: readonly string[]): string => files.join(delimiter);

  test("takes the first that names a thing, and leaves out a file that is not there", async () => {
    const missing = join(server.directory, "missing");
    const one = write("one", "a", "first");
    const other = write("other", "a", "second", "current-context: a\n");
    const third = write("third", "b", "third", "current-context: b\n");
    const kubeconfig = listed(missing, one, "", other, third);
    expect((await createApiClient({ kubeconfig })).server).toBe("https://first");
    expect((await createApiClient({ kubeconfig, context: "b" })).server).toBe("https://third");
  });

  test("names them when none is there", async () => {
    const kubeconfig = listed(join(server.directory, "no"), join(server.directory, "none"));
    await expect(createApiClient({ kubeconfig })).rejects.toThrow(/^KUBECONFIG: .*\/no:.*\/none" cannot be read/);
  });
});

describe("inClusterAccess()", () => {
  const environment = { KUBERNETES_SERVICE_HOST: "10.96.0.1", KUBERNETES_SERVICE_PORT: "443" };

  test("reads the token again each time", async () => {
    writeFileSync(join(server.directory, "token"), "one\n");
    const access = inClusterAccess(environment, server.directory);
    expect(access.server).toBe("https://10.96.0.1:443");
    expect((await access.credentials()).headers).toEqual({ authorization: "Bearer one" });
    writeFileSync(join(server.directory, "token"), "two");
    expect((await access.credentials()).headers).toEqual({ authorization: "Bearer two" });
  });

  test("writes an IPv6 address in brackets", () => {
    expect(inClusterAccess({ ...environment, KUBERNETES_SERVICE_HOST: "fd00::1" }).server).toBe(
      "https://[fd00::1]:443",
    );
  });

  test("fails in a sentence outside of a pod, and without a token", async () => {
    expect(() => inClusterAccess({})).toThrow(/^API_CREDENTIALS: KUBERNETES_SERVICE_HOST/);
    await expect(inClusterAccess(environment, "/nowhere").credentials()).rejects.toThrow(
      /automountServiceAccountToken/,
    );
  });
});
