// Bytes without HTTP, and calls that bypass a Service's address.
import { echoed } from "../echoed.ts";
import { eventually, expectThat, type Line } from "../line.ts";
import type { DemoMesh, Place } from "../mesh.ts";
import { envoyCounter } from "./resilience.ts";

/** Send text over TCP from a pod; what came back within the time. A server that speaks first needs no text. */
export async function talk(mesh: DemoMesh, from: Place, host: string, port: number, text: string): Promise<string> {
  const program = `exec 3<>/dev/tcp/${host}/${port} || exit 1; ${text === "" ? "" : `printf '%s\\n' '${text}' >&3; `}timeout 5 head -n 1 <&3`;
  return (await mesh.exec(from, ["/bin/bash", "-c", program])).stdout.trim();
}

/** Inbound TLS connections of echo's proxies: a call over mutual TLS must raise it. */
async function handshakes(mesh: DemoMesh): Promise<number> {
  const counts = await Promise.all(
    (["default/echo-v1", "default/echo-v2"] as const).map((place) =>
      envoyCounter(mesh, place, /^listener\.[^.]*15006\.ssl\.handshake$|^listener\.0\.0\.0\.0_15006\.ssl\.handshake$/),
    ),
  );
  return counts.reduce((sum, count) => sum + count, 0);
}

function bytesLine(asked: string, call: (mesh: DemoMesh) => Promise<string>, want: RegExp): Line {
  return {
    asked,
    expected: "bytes arrive, over mTLS",
    check: async (mesh) => {
      return eventually(async () => {
        const before = await handshakes(mesh);
        const answer = await call(mesh);
        const isSecure = (await handshakes(mesh)) > before;
        const seen = `${JSON.stringify(answer.slice(0, 40))}, ${isSecure ? "mTLS" : "no TLS handshake"}`;
        expectThat(want.test(answer) && isSecure, seen);
        return seen;
      });
    },
  };
}

const httpVersion = /^v\d$/;
const podOf = (mesh: DemoMesh, place: Place): string => mesh.podsOf(place)[0]?.ip ?? "no-pod";
const body = async (mesh: DemoMesh, from: Place, url: string): Promise<string> => {
  const answer = await mesh.ask(from, url, { args: ["-H", "connection: close"] });
  return answer.status === 200 ? echoed(answer).version : `status ${answer.status}`;
};

export const tcpLines: readonly Line[] = [
  bytesLine("TCP echo", async (mesh) => talk(mesh, "default/curl", "echo", 9000, "ping"), /ping/),
  bytesLine(
    "a TCP protocol where the server speaks first",
    async (mesh) => talk(mesh, "default/curl", "echo", 9025, ""),
    /ready/,
  ),
  bytesLine(
    "a headless service, TCP",
    async (mesh) => talk(mesh, "default/curl", "echo-headless", 9000, "ping"),
    /ping/,
  ),
  bytesLine(
    "a headless service, HTTP",
    async (mesh) => body(mesh, "default/curl", "http://echo-headless:8080/"),
    httpVersion,
  ),
  bytesLine(
    "a pod IP, TCP",
    async (mesh) => talk(mesh, "default/curl", podOf(mesh, "default/echo-v1"), 9000, "ping"),
    /ping/,
  ),
  bytesLine(
    "a pod IP, HTTP",
    async (mesh) => body(mesh, "default/curl", `http://${podOf(mesh, "default/echo-v1")}:8080/`),
    httpVersion,
  ),
  {
    asked: "the pod's own service",
    expected: "bytes arrive",
    check: async (mesh) => {
      return eventually(async () => {
        const answers = await mesh.askMany("default/echo-v1", "http://echo:8080/own", {
          times: 20,
          headers: ["connection: close"],
        });
        const own = answers.filter((answer) => echoed(answer).version === "v1").length;
        const other = answers.filter((answer) => echoed(answer).version === "v2").length;
        const seen = `itself ${own}, its sibling ${other} of 20`;
        expectThat(own > 0 && own + other === 20, seen);
        return seen;
      });
    },
  },
];
