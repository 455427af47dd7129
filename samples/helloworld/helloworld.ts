/** The smallest server with versions: `GET /hello` names its version and pod, as Istio's helloworld does. */
import { createServer, type Server } from "node:http";
import { send } from "../answer.ts";
import { isMainModule, parsePort, podName, serve } from "../serve.ts";

/** A server that is of this version and instance. */
export function createHelloServer(version: string, instance: string): Server {
  return createServer((request, response) => {
    const path = request.url?.split("?", 1)[0];
    if (path === "/hello") send(response, 200, "text/plain", `Hello version: ${version}, instance: ${instance}\n`);
    else if (path === "/health") send(response, 200, "text/plain", "Helloworld is healthy\n");
    else send(response, 404, "text/plain", "ask for /hello or /health\n");
  });
}

if (isMainModule(import.meta.url)) {
  const server = createHelloServer(process.env["SERVICE_VERSION"] ?? "v1", podName());
  await serve("helloworld", [{ server, port: parsePort(process.env["PORT"], 5000) }]);
}
