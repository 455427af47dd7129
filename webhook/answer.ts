// From the text of a request to the text of its answer. Whatever comes in, something comes out: a review, or one sentence.
import { errorText } from "../base/error.ts";
import type { Json } from "../injector/json.ts";
import { type AdmissionRequest, readReview } from "./admission.ts";
import { type AdmissionResponse, errored, reviewText } from "./response.ts";

export interface Answer {
  readonly status: 200 | 400;
  /** An AdmissionReview as JSON with status 200, one sentence with 400. */
  readonly text: string;
  /** What the review says; undefined with status 400. */
  readonly response?: AdmissionResponse;
}

/** Answer one request. `failed` hears of our own mistakes, which are answered too. */
export function answerReview(
  body: unknown,
  judge: (request: AdmissionRequest) => AdmissionResponse,
  failed: (thrown: unknown) => void,
): Answer {
  const json = parsed(body);
  if (json.type === "malformed") return { status: 400, text: json.problem };
  const read = readReview(json.value);
  if (read.type === "unreadable") return { status: 400, text: read.problem };
  if (read.type === "unusable") return reviewed(read.uid, errored(400, read.problem));
  try {
    return reviewed(read.request.uid, judge(read.request));
  } catch (thrown) {
    failed(thrown);
    return reviewed(read.request.uid, errored(500, `Pillion could not judge this object: ${errorText(thrown)}`));
  }
}

const reviewed = (uid: string, response: AdmissionResponse): Answer => ({
  status: 200,
  text: reviewText(uid, response),
  response,
});

type Parsed =
  | { readonly type: "json"; readonly value: Json }
  | { readonly type: "malformed"; readonly problem: string };

function parsed(body: unknown): Parsed {
  if (typeof body !== "string" || body === "") return { type: "malformed", problem: "The request has no body." };
  try {
    return { type: "json", value: JSON.parse(body) as Json }; // JSON.parse gives nothing but JSON.
  } catch (thrown) {
    return { type: "malformed", problem: `The body is not JSON: ${errorText(thrown)}.` };
  }
}
