/** TCP servers, run as `tcp-echo.js PORT,PORT,... PREFIX`, the way the image of that name is run. */
import { isMainModule, parsePort, serve } from "../serve.ts";
import { createTcpEchoServer } from "./tcp-echo-server.ts";

if (isMainModule(import.meta.url)) {
  const [ports = "9000", prefix = "hello"] = process.argv.slice(2);
  const servers = ports
    .split(",")
    .map((port) => ({ server: createTcpEchoServer({ prefix }), port: parsePort(port, 0) }));
  await serve("tcp-echo", servers);
}
