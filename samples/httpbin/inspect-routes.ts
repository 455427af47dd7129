/** Routes that show what arrived: the request itself, its headers, its cookies, who sent it. */
import { sendJson } from "../answer.ts";
import { describeHeaders, describeRequest, describeWithBody, groupValues, originOf } from "./describe.ts";
import { type Exchange, RequestError, type Route } from "./router.ts";

const showAll = async (exchange: Exchange): Promise<void> =>
  sendJson(exchange.response, 200, await describeWithBody(exchange));

/** The table of these routes. */
export const inspectRoutes: readonly Route[] = [
  { method: "GET", pattern: "/get", handle: (exchange) => sendJson(exchange.response, 200, describeRequest(exchange)) },
  { method: "POST", pattern: "/post", handle: showAll },
  { method: "PUT", pattern: "/put", handle: showAll },
  { method: "PATCH", pattern: "/patch", handle: showAll },
  { method: "DELETE", pattern: "/delete", handle: showAll },
  { method: "*", pattern: "/anything", handle: showAll },
  { method: "*", pattern: "/anything/*", handle: showAll },
  {
    method: "GET",
    pattern: "/headers",
    handle: ({ request, response, options }) => sendJson(response, 200, { headers: describeHeaders(request, options) }),
  },
  {
    method: "GET",
    pattern: "/ip",
    handle: ({ request, response }) => sendJson(response, 200, { origin: originOf(request) }),
  },
  {
    method: "GET",
    pattern: "/user-agent",
    handle: ({ request, response }) => sendJson(response, 200, { "user-agent": request.headers["user-agent"] ?? "" }),
  },
  {
    method: "GET",
    pattern: "/hostname",
    handle: ({ response, options }) => sendJson(response, 200, { hostname: options.hostname }),
  },
  { method: "GET", pattern: "/response-headers", handle: sendAskedHeaders },
  { method: "POST", pattern: "/response-headers", handle: sendAskedHeaders },
  {
    method: "GET",
    pattern: "/cookies",
    handle: ({ request, response }) => sendJson(response, 200, { cookies: cookiesOf(request.headers.cookie) }),
  },
  { method: "GET", pattern: "/cookies/set", handle: (exchange) => changeCookies(exchange, "Path=/") },
  {
    method: "GET",
    pattern: "/cookies/set/:name/:value",
    handle: ({ response, params }) => {
      const cookie = `${params["name"] ?? ""}=${encodeURIComponent(params["value"] ?? "")}; Path=/`;
      sendJson(response, 302, {}, { location: "/cookies", "set-cookie": cookie });
    },
  },
  { method: "GET", pattern: "/cookies/delete", handle: (exchange) => changeCookies(exchange, "Path=/; Max-Age=0") },
  { method: "GET", pattern: "/basic-auth/:user/:password", handle: askPassword },
  { method: "GET", pattern: "/bearer", handle: askBearer },
];

function sendAskedHeaders({ response, url, options }: Exchange): void {
  const pairs = [...url.searchParams];
  for (const [name, value] of pairs) {
    if (!/^[\w!#$%&'*+.^`|~-]+$/.test(name) || /[^\t\x20-\x7e]/.test(value)) {
      throw new RequestError(400, `"${name}: ${value}" cannot be a header`);
    }
    if (name.toLowerCase() !== "content-length") response.appendHeader(name, value);
  }
  sendJson(response, 200, groupValues(pairs, options));
}

function cookiesOf(header: string | undefined): Record<string, string> {
  const pairs = (header ?? "").split(";").map((pair) => pair.trim().split("="));
  return Object.fromEntries(pairs.flatMap(([name, ...value]) => (name ? [[name, value.join("=")]] : [])));
}

function changeCookies({ response, url }: Exchange, attributes: string): void {
  const cookies = [...url.searchParams].map(
    ([name, value]) => `${encodeURIComponent(name)}=${encodeURIComponent(value)}; ${attributes}`,
  );
  sendJson(response, 302, {}, { location: "/cookies", "set-cookie": cookies });
}

function askPassword({ request, response, params }: Exchange): void {
  const expected = Buffer.from(`${params["user"] ?? ""}:${params["password"] ?? ""}`).toString("base64");
  const authorized = request.headers.authorization === `Basic ${expected}`;
  const answer = { authenticated: authorized, authorized, user: params["user"] };
  if (authorized) sendJson(response, 200, answer);
  else sendJson(response, 401, answer, { "www-authenticate": 'Basic realm="httpbin"' });
}

function askBearer({ request, response }: Exchange): void {
  const token = /^Bearer (.+)$/.exec(request.headers.authorization ?? "")?.[1];
  if (token !== undefined) sendJson(response, 200, { authenticated: true, token });
  else sendJson(response, 401, { authenticated: false }, { "www-authenticate": "Bearer" });
}
