// How requests may be spoken: HTTP/1.0, WebSocket, ports without a name, Envoy's own headers.
import { echoed } from "../echoed.ts";
import { eventually, expectThat, type Line } from "../line.ts";
import { talk } from "./tcp.ts";

const onlyV1 = (host: string): string => `apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: { name: ${host} }
spec:
  hosts: [${host}]
  http:
    - headers: { request: { set: { x-rule: ${host} } } }
      route: [{ destination: { host: ${host} } }]
`;

/** Opens a WebSocket, sends one text frame, prints the answer's status and what the frame's echo holds. */
const webSocket = `
const request = require("node:http").get("http://httpbin:8000/websocket/echo", { headers: {
  connection: "Upgrade", upgrade: "websocket", "sec-websocket-version": "13", "sec-websocket-key": "dGhlIHNhbXBsZSBub25jZQ==" } });
request.on("response", (answer) => { console.log(answer.statusCode); process.exit(1); });
request.on("upgrade", (answer, socket) => {
  const text = Buffer.from("hello");
  const mask = Buffer.from([1, 2, 3, 4]);
  socket.write(Buffer.concat([Buffer.from([0x81, 0x80 | text.length]), mask, text.map((byte, i) => byte ^ mask[i % 4])]));
  socket.on("data", (data) => { console.log(answer.statusCode, data.subarray(2).toString()); process.exit(0); });
});
setTimeout(() => process.exit(2), 5000);
`;

export const protocolLines: readonly Line[] = [
  {
    asked: "a port whose name says nothing: HTTP, and TCP",
    expected: "a rule for HTTP takes effect; bytes arrive",
    check: (mesh) => {
      mesh.apply("rule", onlyV1("echo-unnamed"));
      return eventually(async () => {
        const answer = await mesh.ask("default/curl", "http://echo-unnamed:8090/");
        const rule = echoed(answer).headers["x-rule"] ?? "none";
        const bytes = await talk(mesh, "default/curl", "echo-unnamed", 9090, "ping");
        expectThat(
          rule === "echo-unnamed" && bytes.includes("ping"),
          `${answer.status}, rule ${rule}, bytes "${bytes}"`,
        );
        return `${answer.status} by the rule; "${bytes}"`;
      });
    },
  },
  {
    asked: "a port that appProtocol declares",
    expected: "a rule for HTTP takes effect",
    check: (mesh) => {
      mesh.apply("rule", onlyV1("echo-declared"));
      return eventually(async () => {
        const answer = await mesh.ask("default/curl", "http://echo-declared:8091/");
        const rule = echoed(answer).headers["x-rule"] ?? "none";
        expectThat(rule === "echo-declared", `${answer.status}, rule ${rule}`);
        return `${answer.status} by the rule`;
      });
    },
  },
  {
    asked: "HTTP/1.0",
    expected: "200",
    check: async (mesh) => {
      const answer = await mesh.ask("default/curl", "http://echo:8080/", { args: ["--http1.0"] });
      expectThat(answer.status === 200 && echoed(answer).version !== "none", `${answer.status}`);
      return `${answer.status} from ${echoed(answer).version}`;
    },
  },
  {
    asked: "a WebSocket",
    expected: "101, and the frame comes back",
    check: async (mesh) => {
      const { stdout } = await mesh.exec("default/curl", ["node", "-e", webSocket]);
      expectThat(stdout.trim() === "101 hello", stdout.trim() || "no answer");
      return stdout.trim();
    },
  },
  {
    asked: "x-envoy-upstream-rq-timeout-ms: 300 against a 2 s service",
    expected: "504 after 0.3 s",
    check: async (mesh) => {
      const headers = ["x-envoy-upstream-rq-timeout-ms: 300"];
      const answer = await mesh.ask("default/curl", "http://echo:8080/slow?ms=2000", { headers });
      const seen = `${answer.status} after ${Math.round(answer.ms)} ms`;
      expectThat(answer.status === 504 && answer.ms > 250 && answer.ms < 1_500, seen);
      return seen;
    },
  },
];
