/** Stars per reviewer: `GET /ratings/0`. */
import { createServer, type Server } from "node:http";
import { sendJson } from "../answer.ts";
import { isMainModule, serve } from "../serve.ts";
import { pathOf, productId, type ServiceIdentity, sendHealth, serviceSettings, versionHeader } from "./service.ts";

/** A server that rates every book alike. */
export function createRatingsServer({ version }: ServiceIdentity): Server {
  return createServer((request, response) => {
    const path = pathOf(request.url);
    response.setHeader(versionHeader, version);
    if (path === "/health") return sendHealth(response, "ratings");
    if (!path.startsWith("/ratings")) return sendJson(response, 404, { error: `nothing is at ${path}` });
    const id = productId(path, "/ratings/");
    if (id === undefined) return sendJson(response, 400, { error: "give the product as a number: /ratings/0" });
    return sendJson(response, 200, { id, ratings: { Reviewer1: 5, Reviewer2: 4 } });
  });
}

if (isMainModule(import.meta.url)) {
  const settings = serviceSettings();
  await serve(`ratings ${settings.version}`, [{ server: createRatingsServer(settings), port: settings.port }]);
}
