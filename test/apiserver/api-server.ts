// A real Kubernetes API server for tests: etcd and kube-apiserver on free ports of this machine, gone without a trace afterwards.
import { generateKeyPairSync } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { request } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Ca, createCa, type Issued, issue } from "../../certs/ca.ts";
import { newKeyPair } from "../../control-plane/keys.ts";
import { type JsonObject, objectAt, textAt } from "../../injector/json.ts";
import { Daemon, freePort, type Output, programFolder, programPath, run } from "./programs.ts";

/** How the cluster is to be. */
export interface ApiServerOptions {
  /** Controllers of kube-controller-manager that run beside it, such as "garbage-collector-controller"; none by default. */
  readonly controllers?: readonly string[];
  /** Write down who asks for what, for {@link ApiServer.audit}. */
  readonly audits?: boolean;
}

/** A request that the API server answered. */
export interface AuditedRequest {
  readonly user: string;
  readonly verb: string;
  /** "" for the core group. */
  readonly group: string;
  readonly resource: string;
  readonly namespace: string;
  /** "" for a collection. */
  readonly name: string;
  readonly status: number;
}

/** A cluster without nodes: objects are stored and admitted, nothing runs. */
export interface ApiServer {
  /** Says who the administrator is, and where the API server is. */
  readonly kubeconfigFile: string;
  /** A bearer token of group system:masters. */
  readonly adminToken: string;
  /** `https://127.0.0.1:PORT` */
  readonly url: string;
  /** The certificate that vouches for the API server, PEM. */
  readonly caFile: string;
  /** Files put there are gone after {@link ApiServer.stop}. */
  readonly directory: string;
  /** Run kubectl as the administrator; `input` is its standard input (`-f -`). */
  kubectl(args: readonly string[], input?: string): Promise<Output>;
  /** Run another program, such as helm, with KUBECONFIG set. */
  run(program: string, args: readonly string[], input?: string): Promise<Output>;
  /** A kubeconfig file for another address or another user. */
  writeKubeconfig(name: string, parts: { readonly url?: string; readonly token?: string }): string;
  /** A certificate for this machine by the CA of {@link ApiServer.caFile}, for a server that stands in for the API server. */
  issue(): Issued;
  /** What was asked so far, the oldest first. */
  audit(): readonly AuditedRequest[];
  /** `kill -9` of the API server; etcd stays. */
  kill(): Promise<void>;
  /** Start the API server again, on the same port; resolves when it is ready. */
  restart(): Promise<void>;
  /** End everything and remove its files. */
  stop(): Promise<void>;
}

/** Start a cluster; resolves when the API server says that it is ready. */
export async function startApiServer(options: ApiServerOptions = {}): Promise<ApiServer> {
  // Another program may take a port between our look and the start of etcd or the API server.
  for (let attempt = 1; ; attempt++) {
    const cluster = new Cluster(await freePort(), await freePort(), await freePort(), options.audits ?? false);
    try {
      await cluster.start(options);
      return cluster;
    } catch (error) {
      await cluster.stop();
      if (attempt === startAttempts || !(error instanceof Error) || !error.message.includes("address already in use")) {
        throw error;
      }
    }
  }
}

const startAttempts = 3;
/** A machine that builds and tests other things at the same time needs most of it. */
const readyWithinMs = 90_000;
const pollMs = 50;

class Cluster implements ApiServer {
  readonly directory = mkdtempSync(join(tmpdir(), "pillion-apiserver-"));
  readonly adminToken = "admin-token";
  readonly url: string;
  readonly caFile = join(this.directory, "ca.crt");
  readonly kubeconfigFile: string;
  readonly #etcdUrl: string;
  readonly #peerUrl: string;
  readonly #port: number;
  readonly #audits: boolean;
  readonly #ca: Ca = createCa({ now: Date.now(), newKeyPair, trustDomain: "cluster.local" });
  #etcd: Daemon | undefined;
  #apiServer: Daemon | undefined;
  #controllers: Daemon | undefined;

  constructor(port: number, etcdPort: number, peerPort: number, audits: boolean) {
    this.#audits = audits;
    this.#port = port;
    this.url = `https://127.0.0.1:${port}`;
    this.#etcdUrl = `http://127.0.0.1:${etcdPort}`;
    this.#peerUrl = `http://127.0.0.1:${peerPort}`;
    this.kubeconfigFile = join(this.directory, "admin.kubeconfig");
  }

  async start({ controllers = [] }: ApiServerOptions): Promise<void> {
    this.#writeFiles();
    this.#etcd = new Daemon(pathOf("etcd"), this.#etcdFlags(), this.directory);
    this.#apiServer = new Daemon(pathOf("kube-apiserver"), this.#apiServerFlags(), this.directory);
    await this.#untilReady();
    if (controllers.length === 0) return;
    const flags = this.#controllerFlags(controllers);
    this.#controllers = new Daemon(pathOf("kube-controller-manager"), flags, this.directory);
  }

  kubectl(args: readonly string[], input?: string): Promise<Output> {
    return this.run(pathOf("kubectl"), args, input);
  }

  run(program: string, args: readonly string[], input?: string): Promise<Output> {
    const env = { KUBECONFIG: this.kubeconfigFile, HOME: this.directory };
    return run(program, args, { env, ...(input === undefined ? {} : { input }) });
  }

  writeKubeconfig(name: string, parts: { readonly url?: string; readonly token?: string }): string {
    const file = join(this.directory, `${name}.kubeconfig`);
    const cluster = {
      server: parts.url ?? this.url,
      "certificate-authority-data": Buffer.from(this.#ca.certificatePem).toString("base64"),
    };
    const kubeconfig = {
      apiVersion: "v1",
      kind: "Config",
      clusters: [{ name: "test", cluster }],
      users: [{ name, user: { token: parts.token ?? this.adminToken } }],
      contexts: [{ name, context: { cluster: "test", user: name } }],
      "current-context": name,
    };
    writeFileSync(file, JSON.stringify(kubeconfig), { mode: 0o600 });
    return file;
  }

  issue(): Issued {
    const dnsNames = ["localhost", "kubernetes", "kubernetes.default", "kubernetes.default.svc"];
    const names = { dnsNames, ipAddresses: ["127.0.0.1", "127.96.0.1"] };
    return issue(this.#ca, { now: Date.now(), newKeyPair, ...names });
  }

  audit(): readonly AuditedRequest[] {
    const lines = readFileSync(join(this.directory, "audit.log"), "utf8").trim().split("\n");
    return lines.map(auditedRequest);
  }

  async kill(): Promise<void> {
    await this.#apiServer?.end("SIGKILL");
  }

  async restart(): Promise<void> {
    await this.kill();
    this.#apiServer = new Daemon(pathOf("kube-apiserver"), this.#apiServerFlags(), this.directory);
    await this.#untilReady();
  }

  async stop(): Promise<void> {
    // Nothing here is worth a graceful end, which would take the API server seconds.
    for (const daemon of [this.#controllers, this.#apiServer, this.#etcd]) await daemon?.end("SIGKILL");
    rmSync(this.directory, { recursive: true, force: true });
  }

  #writeFiles(): void {
    const serving = this.issue();
    const accounts = generateKeyPairSync("rsa", { modulusLength: 2048 });
    const files = {
      "ca.crt": this.#ca.certificatePem,
      "serving.crt": serving.certificateChainPem,
      "serving.key": serving.privateKey.reveal(),
      "accounts.key": accounts.privateKey.export({ type: "pkcs8", format: "pem" }).toString(),
      "accounts.pub": accounts.publicKey.export({ type: "spki", format: "pem" }).toString(),
      "audit.json": JSON.stringify({ apiVersion: "audit.k8s.io/v1", kind: "Policy", rules: [{ level: "Metadata" }] }),
      "tokens.csv": `${this.adminToken},admin,admin,"system:masters"\n`,
    };
    for (const [name, text] of Object.entries(files)) writeFileSync(join(this.directory, name), text, { mode: 0o600 });
    this.writeKubeconfig("admin", {});
  }

  #etcdFlags(): readonly string[] {
    return flagsOf({
      "data-dir": join(this.directory, "etcd"),
      "listen-client-urls": this.#etcdUrl,
      "advertise-client-urls": this.#etcdUrl,
      "listen-peer-urls": this.#peerUrl,
      "initial-advertise-peer-urls": this.#peerUrl,
      "initial-cluster": `default=${this.#peerUrl}`,
      "unsafe-no-fsync": "true",
      "log-level": "warn",
    });
  }

  #apiServerFlags(): readonly string[] {
    return flagsOf({
      "etcd-servers": this.#etcdUrl,
      "bind-address": "127.0.0.1",
      "advertise-address": "127.0.0.1",
      "secure-port": String(this.#port),
      "tls-cert-file": join(this.directory, "serving.crt"),
      "tls-private-key-file": join(this.directory, "serving.key"),
      "client-ca-file": this.caFile,
      "service-account-key-file": join(this.directory, "accounts.pub"),
      "service-account-signing-key-file": join(this.directory, "accounts.key"),
      "service-account-issuer": "https://kubernetes.default.svc.cluster.local",
      "token-auth-file": join(this.directory, "tokens.csv"),
      "authorization-mode": "RBAC",
      // Whom nobody stands behind must answer from here: what is sent to another range leaves this machine.
      "service-cluster-ip-range": "127.96.0.0/16",
      "allow-privileged": "true",
      // Nobody makes the service accounts that pods would need.
      "disable-admission-plugins": "ServiceAccount",
      "endpoint-reconciler-type": "none",
      "cert-dir": this.directory,
      ...(this.#audits
        ? {
            "audit-policy-file": join(this.directory, "audit.json"),
            "audit-log-path": join(this.directory, "audit.log"),
            "audit-log-mode": "blocking",
          }
        : {}),
    });
  }

  #controllerFlags(controllers: readonly string[]): readonly string[] {
    return flagsOf({
      kubeconfig: this.kubeconfigFile,
      controllers: controllers.join(","),
      "leader-elect": "false",
      "secure-port": "0",
      "service-account-private-key-file": join(this.directory, "accounts.key"),
      "root-ca-file": this.caFile,
    });
  }

  async #untilReady(): Promise<void> {
    const end = performance.now() + readyWithinMs;
    let answer = "nothing";
    while (performance.now() < end) {
      for (const daemon of [this.#etcd, this.#apiServer]) {
        if (daemon?.isRunning === false) throw new Error(`it ended before it was ready:\n${daemon.output()}`);
      }
      answer = await this.#ask("/readyz");
      if (answer === "ok") return;
      await new Promise((resolve) => setTimeout(resolve, pollMs));
    }
    throw new Error(`the API server is not ready after ${readyWithinMs} ms: ${answer}\n${this.#apiServer?.output()}`);
  }

  #ask(path: string): Promise<string> {
    return new Promise((resolve) => {
      const headers = { authorization: `Bearer ${this.adminToken}` };
      const asked = request(this.url + path, { ca: this.#ca.certificatePem, headers, agent: false }, (response) => {
        let text = "";
        response.on("data", (data: Buffer) => {
          text += data.toString();
        });
        response.on("close", () => resolve(text));
      });
      asked.on("error", (error) => resolve(error.message));
      asked.end();
    });
  }
}

function auditedRequest(line: string): AuditedRequest {
  const event = JSON.parse(line) as JsonObject; // the API server writes one object a line
  const object = objectAt(event, "objectRef");
  return {
    user: textAt(objectAt(event, "user"), "username"),
    verb: textAt(event, "verb"),
    group: textAt(object, "apiGroup"),
    resource: textAt(object, "resource"),
    namespace: textAt(object, "namespace"),
    name: textAt(object, "name"),
    status: Number(objectAt(event, "responseStatus")["code"] ?? 0),
  };
}

function flagsOf(flags: Readonly<Record<string, string>>): readonly string[] {
  return Object.entries(flags).map(([name, value]) => `--${name}=${value}`);
}

function pathOf(name: string): string {
  const path = programPath(name);
  if (path !== undefined) return path;
  throw new Error(`There is no ${name} in ${programFolder}. Set KUBEBUILDER_ASSETS, or run npm run setup:apiserver.`);
}
