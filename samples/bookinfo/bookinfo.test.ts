import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from "node:http";
import { afterEach, expect, test } from "vitest";
import { type Listening, listen } from "../serve.ts";
import { createDetailsServer } from "./details.ts";
import { forwardedHeaderNames } from "./forwarded-headers.ts";
import { createProductPageServer } from "./productpage.ts";
import { createRatingsServer } from "./ratings.ts";
import { createReviewsServer } from "./reviews.ts";
import { serviceUrl } from "./service.ts";

const started: Listening[] = [];
afterEach(async () => {
  await Promise.all(started.splice(0).map((listening) => listening.close()));
});

async function start(server: Parameters<typeof listen>[0]): Promise<string> {
  const listening = await listen(server, 0);
  started.push(listening);
  return `http://127.0.0.1:${listening.port}`;
}

const identity = (name: string, version = "v1") => ({ pod: `${name}-${version}-0`, version });
const nowhere = "http://127.0.0.1:1";

/** The whole application with one version of reviews; any part may be replaced. */
async function startBookinfo(version: string, replaced: { ratings?: string; reviews?: string; details?: string } = {}) {
  const ratingsUrl = replaced.ratings ?? (await start(createRatingsServer(identity("ratings"))));
  const reviewsOptions = { ...identity("reviews", version), ratingsUrl, ratingsTimeoutMs: 60 };
  const reviewsUrl = replaced.reviews ?? (await start(createReviewsServer(reviewsOptions)));
  const detailsUrl = replaced.details ?? (await start(createDetailsServer(identity("details"))));
  const pageOptions = { ...identity("productpage"), detailsUrl, reviewsUrl, ratingsUrl, timeoutMs: 300 };
  return { page: await start(createProductPageServer(pageOptions)), reviewsUrl, detailsUrl, ratingsUrl };
}

const readText = async (url: string, headers: Record<string, string> = {}): Promise<string> =>
  (await fetch(url, { headers })).text();

const readJson = async (url: string): Promise<unknown> => (await fetch(url)).json();

/** A stand-in for a service that remembers the headers it got. */
function recorder(answer: (request: IncomingMessage, response: ServerResponse) => void) {
  const seen: IncomingHttpHeaders[] = [];
  const server = createServer((request, response) => {
    seen.push(request.headers);
    answer(request, response);
  });
  return { server, seen };
}

test.each([
  { version: "v1", stars: undefined },
  { version: "v2", stars: { stars: 5, color: "black" } },
  { version: "v3", stars: { stars: 5, color: "red" } },
])("createReviewsServer() rates in the manner of $version", async ({ version, stars }) => {
  const { reviewsUrl, page } = await startBookinfo(version);
  const answer = await readJson(`${reviewsUrl}/reviews/0`);
  expect(JSON.stringify(answer).includes("rating")).toBe(stars !== undefined);
  expect(answer).toMatchObject({
    id: "0",
    podname: `reviews-${version}-0`,
    clustername: "null",
    reviews: [
      { reviewer: "Reviewer1", ...(stars && { rating: stars }) },
      { reviewer: "Reviewer2", ...(stars && { rating: { ...stars, stars: 4 } }) },
    ],
  });
  const html = await readText(`${page}/productpage`);
  expect(html).toContain(`<b>reviews ${version}</b>reviews-${version}-0`);
  expect(html.includes('class="stars"')).toBe(stars !== undefined);
  if (stars) expect(html).toContain(`data-color="${stars.color}"`);
});

test.each([
  { name: "does not answer in time", answer: () => undefined },
  { name: "answers 500", answer: (_: IncomingMessage, response: ServerResponse) => response.writeHead(500).end() },
  { name: "answers no JSON", answer: (_: IncomingMessage, response: ServerResponse) => response.end("<html>") },
  { name: "answers another form", answer: (_: IncomingMessage, response: ServerResponse) => response.end("[]") },
])("createReviewsServer() says that ratings is away when it $name", async ({ answer }) => {
  const { page } = await startBookinfo("v2", { ratings: await start(recorder(answer).server) });
  const html = await readText(`${page}/productpage`);
  expect(html.match(/Ratings service is currently unavailable/g)).toHaveLength(2);
  expect(html).not.toContain("Error fetching");
});

test("createProductPageServer() waits for reviews twice, then shows its own error", async () => {
  const hanging = recorder(() => undefined);
  const { page } = await startBookinfo("v2", { reviews: await start(hanging.server) });
  const begin = performance.now();
  const html = await readText(`${page}/productpage`);
  expect(hanging.seen).toHaveLength(2);
  expect(performance.now() - begin).toBeGreaterThan(590);
  expect(html).toContain("Error fetching product reviews");
  expect(html).toContain("paperback");
});

test("createProductPageServer() takes the second answer of reviews when the first fails", async () => {
  const flaky = recorder((_request, response) => {
    if (flaky.seen.length === 1) response.writeHead(503).end();
    else response.end('{"podname":"other-v9-x","reviews":[{"reviewer":"<b>","text":"fine"}]}');
  });
  const { page } = await startBookinfo("v1", { reviews: await start(flaky.server) });
  const html = await readText(`${page}/productpage`);
  expect(html).toContain("<b>reviews v9</b>other-v9-x");
  expect(html).toContain("<cite>&#60;b&#62;</cite>");
});

test("createProductPageServer() shows its own error when details fails", async () => {
  const { page } = await startBookinfo("v1", { details: nowhere });
  const html = await readText(`${page}/productpage`);
  expect(html).toContain("Error fetching product details");
  expect(html).toContain("reviews-v1-0");
});

test("createProductPageServer() greets at / with a page that leads on to the product", async () => {
  const { page } = await startBookinfo("v1");
  const html = await readText(`${page}/`, { "user-agent": "curl" });
  expect(html).toContain("<title>Simple Bookstore App</title>");
  expect(html).toContain('href="/productpage?u=normal"');
  expect(html).not.toContain("Book Reviews");
});

test("createProductPageServer() gives the API of Istio's gateway rules", async () => {
  const { page } = await startBookinfo("v3");
  expect(await readJson(`${page}/api/v1/products`)).toMatchObject([{ id: 0, title: "The Comedy of Errors" }]);
  expect(await readJson(`${page}/api/v1/products/0`)).toMatchObject({ id: 0, author: "William Shakespeare" });
  expect(await readJson(`${page}/api/v1/products/0/reviews`)).toMatchObject({ podname: "reviews-v3-0" });
  expect(await readJson(`${page}/api/v1/products/0/ratings`)).toEqual({
    id: 0,
    ratings: { Reviewer1: 5, Reviewer2: 4 },
  });
  expect((await fetch(`${page}/api/v1/products/zero`)).status).toBe(404);
  expect((await fetch(`${page}/static/book.svg`)).headers.get("content-type")).toBe("image/svg+xml");
  const failing = await startBookinfo("v1", { reviews: nowhere });
  expect((await fetch(`${failing.page}/api/v1/products/0/reviews`)).status).toBe(503);
});

test("createProductPageServer() sends the signed-in user as end-user to every service until sign-out", async () => {
  const json = (_request: IncomingMessage, response: ServerResponse) => response.end('{"reviews":[]}');
  const reviews = recorder(json);
  const details = recorder(json);
  const replaced = { reviews: await start(reviews.server), details: await start(details.server) };
  const { page } = await startBookinfo("v1", replaced);
  const form = new URLSearchParams({ username: "jason", passwd: "" });
  const login = await fetch(`${page}/login`, { method: "POST", body: form, redirect: "manual" });
  expect([login.status, login.headers.get("location")]).toEqual([302, "/productpage"]);
  const cookie = (login.headers.get("set-cookie") ?? "").split(";", 1)[0] ?? "";
  const html = await readText(`${page}/productpage`, { cookie, "end-user": "somebody else" });
  expect(html).toContain("Signed in as <strong>jason</strong>");
  expect([reviews.seen[0]?.["end-user"], details.seen[0]?.["end-user"]]).toEqual(["jason", "jason"]);
  const logout = await fetch(`${page}/logout`, { headers: { cookie }, redirect: "manual" });
  expect(logout.headers.get("set-cookie")).toMatch(/^session=;.*Max-Age=0/);
});

test("createProductPageServer() takes user names that are no header text", async () => {
  const reviews = recorder((_request, response) => response.end('{"reviews":[]}'));
  const { page } = await startBookinfo("v1", { reviews: await start(reviews.server) });
  const cookie = `session=${encodeURIComponent("<Jürgen>\n")}`;
  expect(await readText(`${page}/productpage`, { cookie })).toContain("<strong>&#60;Jürgen&#62;");
  expect(reviews.seen[0]?.["end-user"]).toBe("<J%C3%BCrgen>%0A");
});

test("forwardedHeaders() carries trace headers through productpage and reviews to ratings", async () => {
  const ratings = recorder((_request, response) => response.end('{"ratings":{}}'));
  const { page } = await startBookinfo("v2", { ratings: await start(ratings.server) });
  const sent = Object.fromEntries(forwardedHeaderNames.map((name) => [name, `value of ${name}`]));
  await readText(`${page}/productpage`, { ...sent, cookie: "other=1", "x-private": "kept" });
  expect(ratings.seen[0]).toMatchObject(sent);
  expect(ratings.seen[0]).not.toHaveProperty("cookie");
  expect(ratings.seen[0]).not.toHaveProperty("x-private");
});

test.each([
  { environment: {}, want: "http://reviews:9080" },
  { environment: { REVIEWS_HOSTNAME: "other", SERVICES_DOMAIN: "shop.svc" }, want: "http://other.shop.svc:9080" },
  { environment: { REVIEWS_HOSTNAME: "localhost:9183" }, want: "http://localhost:9183" },
])("serviceUrl() gives $want", ({ environment, want }) => {
  expect(serviceUrl("reviews", environment)).toBe(want);
});

test("every service answers /health, and 4xx to what it does not know", async () => {
  const { page, reviewsUrl, detailsUrl, ratingsUrl } = await startBookinfo("v1");
  for (const url of [page, reviewsUrl, detailsUrl, ratingsUrl]) {
    expect((await fetch(`${url}/health`)).status).toBe(200);
    expect((await fetch(`${url}/nothing`)).status).toBe(404);
  }
  expect((await fetch(`${ratingsUrl}/ratings/zero`)).status).toBe(400);
  expect((await fetch(`${detailsUrl}/details/zero`)).status).toBe(400);
});
