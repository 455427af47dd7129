/** Facts about a book: `GET /details/0`. */
import { createServer, type Server } from "node:http";
import { sendJson } from "../answer.ts";
import { isMainModule, serve } from "../serve.ts";
import { pathOf, productId, type ServiceIdentity, sendHealth, serviceSettings, versionHeader } from "./service.ts";

/** A server that knows one book, whatever its number. */
export function createDetailsServer({ version }: ServiceIdentity): Server {
  return createServer((request, response) => {
    const path = pathOf(request.url);
    response.setHeader(versionHeader, version);
    if (path === "/health") return sendHealth(response, "details");
    if (!path.startsWith("/details")) return sendJson(response, 404, { error: `nothing is at ${path}` });
    const id = productId(path, "/details/");
    if (id === undefined) return sendJson(response, 400, { error: "give the product as a number: /details/0" });
    return sendJson(response, 200, detailsOf(id));
  });
}

function detailsOf(id: number): unknown {
  return {
    id,
    author: "William Shakespeare",
    year: 1595,
    type: "paperback",
    pages: 200,
    publisher: "PublisherA",
    language: "English",
    "ISBN-10": "1234567890",
    "ISBN-13": "123-1234567890",
  };
}

if (isMainModule(import.meta.url)) {
  const settings = serviceSettings();
  await serve(`details ${settings.version}`, [{ server: createDetailsServer(settings), port: settings.port }]);
}
