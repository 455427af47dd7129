/**
 * The shop's front: `GET /` greets; `GET /productpage` asks details and reviews and makes a page of their answers, errors included;
 * `/api/v1/products...` gives the same as JSON; `/login` and `/logout` decide whose name travels as `end-user`.
 */
import {
  createServer,
  type IncomingMessage,
  type OutgoingHttpHeaders,
  type Server,
  type ServerResponse,
} from "node:http";
import { readBody, send, sendJson } from "../answer.ts";
import { isMainModule, serve } from "../serve.ts";
import { type Answer, askJson } from "./ask.ts";
import { bookIcon } from "./book-cover.ts";
import { forwardedHeaders } from "./forwarded-headers.ts";
import { frontPage } from "./front-page.ts";
import { productPage } from "./page.ts";
import { pageStyle } from "./page-style.ts";
import { parseDetails, parseReviews, products } from "./product.ts";
import { pathOf, type ServiceIdentity, sendHealth, serviceSettings, serviceUrl, versionHeader } from "./service.ts";
import { endUserHeader, sessionCookie, userOf } from "./session.ts";

/** Settings of the product page. */
export interface ProductPageOptions extends ServiceIdentity {
  /** Base URLs of the other services. */
  readonly detailsUrl: string;
  readonly reviewsUrl: string;
  readonly ratingsUrl: string;
  /** How long one call may take, in milliseconds; the program's default is 3,000. Reviews is asked a second time. */
  readonly timeoutMs: number;
}

const formLimitBytes = 16 * 1024;

/** A server for the page and its API. */
export function createProductPageServer(options: ProductPageOptions): Server {
  return createServer((request, response) => {
    response.setHeader(versionHeader, options.version);
    answer(request, response, options).catch((error: unknown) => {
      if (response.headersSent) response.destroy();
      else sendJson(response, 500, { error: String(error) });
    });
  });
}

async function answer(request: IncomingMessage, response: ServerResponse, options: ProductPageOptions): Promise<void> {
  const path = pathOf(request.url);
  switch (path) {
    case "/":
    case "/index.html":
      return send(response, 200, "text/html; charset=utf-8", frontPage);
    case "/productpage":
      return sendPage(request, response, options);
    case "/login":
      return login(request, response);
    case "/logout":
      return redirect(response, "/productpage", { "set-cookie": sessionCookie("") });
    case "/health":
      return sendHealth(response, "productpage");
    case "/static/bookinfo.css":
      return send(response, 200, "text/css; charset=utf-8", pageStyle);
    case "/static/book.svg":
      return send(response, 200, "image/svg+xml", bookIcon);
    default:
      return path.startsWith("/api/v1/products")
        ? sendProducts(path, request, response, options)
        : notFound(path, response);
  }
}

async function sendPage(
  request: IncomingMessage,
  response: ServerResponse,
  options: ProductPageOptions,
): Promise<void> {
  const headers = outgoingHeaders(request);
  const [details, reviews] = await Promise.all([askDetails(0, headers, options), askReviews(0, headers, options)]);
  const list = reviews.kind === "ok" ? parseReviews(reviews.body) : undefined;
  const html = productPage({
    book: products[0],
    user: userOf(request.headers.cookie),
    facts: details.kind === "ok" ? parseDetails(details.body) : undefined,
    reviews: list && { ...list, version: reviewsVersion(reviews, list.pod) },
    servedBy: options.pod,
  });
  send(response, 200, "text/html; charset=utf-8", html);
}

async function sendProducts(
  path: string,
  request: IncomingMessage,
  response: ServerResponse,
  options: ProductPageOptions,
): Promise<void> {
  const [, list, id, part] = /^(\/api\/v1\/products)(?:\/(\d{1,9})(?:\/(reviews|ratings))?)?$/.exec(path) ?? [];
  if (list === undefined) return notFound(path, response);
  if (id === undefined) return sendJson(response, 200, products);
  const product = Number(id);
  const headers = outgoingHeaders(request);
  if (part === undefined) return passOn(response, "details", await askDetails(product, headers, options));
  if (part === "reviews") return passOn(response, "reviews", await askReviews(product, headers, options));
  const url = `${options.ratingsUrl}/ratings/${product}`;
  return passOn(response, "ratings", await askJson(url, { headers, timeoutMs: options.timeoutMs }));
}

function passOn(response: ServerResponse, what: string, given: Answer): void {
  if (given.kind === "ok") sendJson(response, 200, given.body);
  else sendJson(response, given.status, { error: `Error fetching product ${what}: ${given.problem}.` });
}

function askDetails(id: number, headers: OutgoingHttpHeaders, options: ProductPageOptions): Promise<Answer> {
  return askJson(`${options.detailsUrl}/details/${id}`, { headers, timeoutMs: options.timeoutMs });
}

/** Reviews is asked twice, so a slow one costs two time-outs: the flaw that the delay exercise is there to find. */
async function askReviews(id: number, headers: OutgoingHttpHeaders, options: ProductPageOptions): Promise<Answer> {
  const ask = (): Promise<Answer> =>
    askJson(`${options.reviewsUrl}/reviews/${id}`, { headers, timeoutMs: options.timeoutMs });
  const first = await ask();
  return first.kind === "ok" ? first : ask();
}

function outgoingHeaders(request: IncomingMessage): OutgoingHttpHeaders {
  const user = userOf(request.headers.cookie);
  const headers = forwardedHeaders(request.headers);
  return user === undefined ? headers : { ...headers, "end-user": endUserHeader(user) };
}

/** Our reviews names its version in a header; another implementation shows it in the pod's name at best. */
function reviewsVersion(given: Answer, pod: string): string {
  const header = given.kind === "ok" ? given.headers[versionHeader] : undefined;
  return typeof header === "string" ? header : (/-(v\d+)-/.exec(pod)?.[1] ?? "");
}

async function login(request: IncomingMessage, response: ServerResponse): Promise<void> {
  if (request.method !== "POST") return redirect(response, "/productpage");
  const form = new URLSearchParams((await readBody(request, formLimitBytes)).toString());
  return redirect(response, "/productpage", { "set-cookie": sessionCookie(form.get("username")?.trim() ?? "") });
}

function redirect(response: ServerResponse, location: string, headers?: OutgoingHttpHeaders): void {
  send(response, 302, "text/plain", "", { location, ...headers });
}

function notFound(path: string, response: ServerResponse): void {
  sendJson(response, 404, { error: `nothing is at ${path}` });
}

if (isMainModule(import.meta.url)) {
  const settings = serviceSettings();
  const server = createProductPageServer({
    ...settings,
    detailsUrl: serviceUrl("details", process.env),
    reviewsUrl: serviceUrl("reviews", process.env),
    ratingsUrl: serviceUrl("ratings", process.env),
    timeoutMs: 3000,
  });
  await serve(`productpage ${settings.version}`, [{ server, port: settings.port }]);
}
