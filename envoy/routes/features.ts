// All routing features, in the order in which they are applied: the action first, for the others add to it.
import { cors } from "./cors.ts";
import { destinationHeaders, destinations } from "./destinations.ts";
import { directResponse } from "./direct-response.ts";
import { fault } from "./fault.ts";
import type { RouteFeature } from "./feature.ts";
import { hashPolicy } from "./hash-policy.ts";
import { headers } from "./headers.ts";
import { match } from "./match.ts";
import { mirrors } from "./mirrors.ts";
import { redirect } from "./redirect.ts";
import { retries } from "./retries.ts";
import { rewrite } from "./rewrite.ts";
import { timeout } from "./timeout.ts";

export const features: readonly RouteFeature[] = [
  match,
  destinations,
  redirect,
  directResponse,
  headers,
  destinationHeaders,
  rewrite,
  timeout,
  retries,
  mirrors,
  hashPolicy,
  fault,
  cors,
];
