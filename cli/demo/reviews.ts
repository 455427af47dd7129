// Reads which version of bookinfo's reviews answered: v1 has no stars, v2 black ones, v3 red ones.
import type { Answer } from "./answer.ts";

export const reviewsUrl = "http://reviews:9080/reviews/0";

/** "v1", "v2", "v3", or the status where there were no reviews. */
export function versionOf(answer: Answer): string {
  if (answer.status !== 200) return `status ${answer.status}`;
  if (answer.body.includes('"red"')) return "v3";
  if (answer.body.includes('"black"')) return "v2";
  return answer.body.includes('"rating"') ? "rating without colour" : "v1";
}
