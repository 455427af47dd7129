/**
 * What readers say: `GET /reviews/0`. v1 gives texts only, v2 adds black stars and v3 red ones;
 * both ask ratings for them, and say so in place of the stars when ratings fails.
 */
import { createServer, type IncomingHttpHeaders, type Server } from "node:http";
import { sendJson } from "../answer.ts";
import { isMainModule, serve } from "../serve.ts";
import { askJson } from "./ask.ts";
import { forwardedHeaders } from "./forwarded-headers.ts";
import {
  pathOf,
  productId,
  type ServiceIdentity,
  sendHealth,
  serviceSettings,
  serviceUrl,
  versionHeader,
} from "./service.ts";

/** Settings of the reviews service. */
export interface ReviewsOptions extends ServiceIdentity {
  /** Base URL of ratings. */
  readonly ratingsUrl: string;
  /** How long v2 and v3 wait for ratings, in milliseconds; the program's default is 10,000. */
  readonly ratingsTimeoutMs: number;
  /** Name of the cluster as it stands in answers; bookinfo's default is the word "null". */
  readonly clusterName?: string;
}

type Rating = { readonly stars: number; readonly color: string } | { readonly error: string };

const starColors: ReadonlyMap<string, string> = new Map([
  ["v2", "black"],
  ["v3", "red"],
]);

const texts: readonly { readonly reviewer: string; readonly text: string }[] = [
  {
    reviewer: "Reviewer1",
    text: "Two pairs of twins, one town, and nobody knows who owes what to whom. I laughed out loud on the train.",
  },
  {
    reviewer: "Reviewer2",
    text: "Light beside the great tragedies, yet the plot runs like clockwork. Read it in one evening.",
  },
];

/** A server that reviews every book alike, in the manner of its version. */
export function createReviewsServer(options: ReviewsOptions): Server {
  return createServer((request, response) => {
    const path = pathOf(request.url);
    response.setHeader(versionHeader, options.version);
    if (path === "/health") return sendHealth(response, "reviews");
    const id = productId(path, "/reviews/");
    if (id === undefined) return sendJson(response, 404, { error: `nothing is at ${path}` });
    reviewsOf(id, request.headers, options).then(
      (reviews) => sendJson(response, 200, reviews),
      (error: unknown) => sendJson(response, 500, { error: String(error) }),
    );
  });
}

async function reviewsOf(id: number, headers: IncomingHttpHeaders, options: ReviewsOptions): Promise<unknown> {
  const color = starColors.get(options.version);
  const rate = color === undefined ? () => undefined : await askRatings(id, color, headers, options);
  return {
    id: String(id),
    podname: options.pod,
    clustername: options.clusterName ?? "null",
    reviews: texts.map(({ reviewer, text }) => ({ reviewer, text, rating: rate(reviewer) })),
  };
}

async function askRatings(
  id: number,
  color: string,
  headers: IncomingHttpHeaders,
  options: ReviewsOptions,
): Promise<(reviewer: string) => Rating> {
  const url = `${options.ratingsUrl}/ratings/${id}`;
  const answer = await askJson(url, { headers: forwardedHeaders(headers), timeoutMs: options.ratingsTimeoutMs });
  const stars = answer.kind === "ok" ? starsByReviewer(answer.body) : new Map<string, number>();
  return (reviewer) => {
    const given = stars.get(reviewer);
    return given === undefined ? { error: "Ratings service is currently unavailable" } : { stars: given, color };
  };
}

function starsByReviewer(body: unknown): ReadonlyMap<string, number> {
  const stars = new Map<string, number>();
  if (typeof body !== "object" || body === null || !("ratings" in body)) return stars;
  if (typeof body.ratings !== "object" || body.ratings === null) return stars;
  for (const [reviewer, given] of Object.entries(body.ratings)) {
    if (typeof given === "number") stars.set(reviewer, given);
  }
  return stars;
}

if (isMainModule(import.meta.url)) {
  const settings = serviceSettings();
  const server = createReviewsServer({
    ...settings,
    ratingsUrl: serviceUrl("ratings", process.env),
    ratingsTimeoutMs: Number(process.env["RATINGS_TIMEOUT_MS"]) || 10_000,
    clusterName: process.env["CLUSTER_NAME"] ?? "null",
  });
  await serve(`reviews ${settings.version}`, [{ server, port: settings.port }]);
}
