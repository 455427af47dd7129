/** Routes whose point is the status: chosen ones, redirects, answers from caches, failures by chance. */
import { STATUS_CODES } from "node:http";
import { send, sendJson, sendText } from "../answer.ts";
import { describeRequest } from "./describe.ts";
import { type Exchange, numberWithin, RequestError, type Route } from "./router.ts";

/** Most hops that /redirect/:n makes. */
const redirectLimit = 100;

/** The table of these routes. */
export const statusRoutes: readonly Route[] = [
  { method: "*", pattern: "/status/:codes", handle: sendStatus },
  { method: "*", pattern: "/unstable", handle: failByChance },
  { method: "GET", pattern: "/redirect/:n", handle: (exchange) => redirectOn(exchange, "relative-redirect", false) },
  {
    method: "GET",
    pattern: "/relative-redirect/:n",
    handle: (exchange) => redirectOn(exchange, "relative-redirect", false),
  },
  {
    method: "GET",
    pattern: "/absolute-redirect/:n",
    handle: (exchange) => redirectOn(exchange, "absolute-redirect", true),
  },
  { method: "*", pattern: "/redirect-to", handle: redirectTo },
  { method: "GET", pattern: "/cache", handle: answerFromCache },
  {
    method: "GET",
    pattern: "/cache/:seconds",
    handle: (exchange) => {
      const seconds = numberWithin(exchange.params["seconds"], 0, 0, 31_536_000);
      sendJson(exchange.response, 200, describeRequest(exchange), { "cache-control": `public, max-age=${seconds}` });
    },
  },
  { method: "GET", pattern: "/etag/:etag", handle: compareEtag },
];

/** One code, or several with weights: `200:0.9,503:0.1`. */
function sendStatus({ response, params }: Exchange): void {
  const choices = (params["codes"] ?? "").split(",").map((choice) => {
    const [code, weight] = choice.split(":", 2);
    return { code: Number(code), weight: Number(weight ?? 1) };
  });
  for (const { code, weight } of choices) {
    if (!Number.isInteger(code) || code < 200 || code > 599 || !(weight >= 0)) {
      throw new RequestError(400, `"${params["codes"] ?? ""}" is no list of status codes from 200 to 599`);
    }
  }
  const code = choose(choices);
  if (code === 401) response.setHeader("www-authenticate", 'Basic realm="httpbin"');
  if (code >= 300 && code < 400 && code !== 304) response.setHeader("location", "/redirect/1");
  sendText(response, code, code === 418 ? teapot : (STATUS_CODES[code] ?? ""));
}

function choose(choices: readonly { code: number; weight: number }[]): number {
  let left = Math.random() * choices.reduce((sum, { weight }) => sum + weight, 0);
  for (const { code, weight } of choices) {
    left -= weight;
    if (left < 0) return code;
  }
  return choices.at(-1)?.code ?? 200;
}

function failByChance({ response, url }: Exchange): void {
  const rate = numberWithin(url.searchParams.get("failure_rate"), 0.5, 0, 1);
  const failed = Math.random() < rate;
  sendJson(response, failed ? 500 : 200, { failed, failure_rate: rate });
}

function redirectOn({ response, params, url }: Exchange, next: string, absolute: boolean): void {
  const left = numberWithin(params["n"], 1, 1, redirectLimit) - 1;
  const path = left === 0 ? "/get" : `/${next}/${left}`;
  sendText(response, 302, "", { location: absolute ? `${url.origin}${path}` : path });
}

function redirectTo({ response, url }: Exchange): void {
  const location = url.searchParams.get("url");
  if (location === null) throw new RequestError(400, "say where to: /redirect-to?url=/get");
  const status = numberWithin(url.searchParams.get("status_code"), 302, 300, 399);
  sendText(response, status, "", { location: location.replace(/[^\x21-\x7e]+/gu, encodeURIComponent) });
}

function answerFromCache(exchange: Exchange): void {
  const { headers } = exchange.request;
  if (headers["if-modified-since"] !== undefined || headers["if-none-match"] !== undefined) {
    send(exchange.response, 304, "text/plain", "");
  } else {
    sendJson(exchange.response, 200, describeRequest(exchange), { etag: '"httpbin"', "last-modified": lastModified });
  }
}

function compareEtag(exchange: Exchange): void {
  const { request, response, params } = exchange;
  const wanted = request.headers["if-match"];
  const etag = `"${encodeURI(params["etag"] ?? "")}"`;
  const has = (list: string | undefined): boolean =>
    list !== undefined &&
    (list.trim() === "*" || list.split(",").some((tag) => tag.trim().replace(/^W\//, "") === etag));
  if (has(request.headers["if-none-match"])) send(response, 304, "text/plain", "", { etag });
  else if (wanted !== undefined && !has(wanted)) sendText(response, 412, "", { etag });
  else sendJson(response, 200, describeRequest(exchange), { etag });
}

const lastModified = "Thu, 01 Jan 2026 00:00:00 GMT";

const teapot = `
        .-"""-.
   ___ /_______\\
  /   |  short  |__
  \\___|   and   /  |
      |  stout |\\__/
       \\______/
I'm a teapot!
`;
