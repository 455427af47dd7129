/** The one book that the shop sells, and the forms in which the other services speak of it. */

/** A fact about the book, as details gives it. */
export interface Fact {
  readonly name: string;
  readonly value: string;
}

/** What one reader says. */
export interface Review {
  readonly reviewer: string;
  readonly text: string;
  readonly rating?: { readonly stars: number; readonly color: string } | { readonly error: string };
}

/** All that reviews answered. */
export interface ReviewList {
  /** The pod that answered. */
  readonly pod: string;
  readonly reviews: readonly Review[];
}

/** The list that `/api/v1/products` gives. */
export const products = [
  {
    id: 0,
    title: "The Comedy of Errors",
    descriptionHtml:
      "Two pairs of identical twins, parted by a storm at sea, walk the streets of <em>Ephesus</em> on the same day " +
      "without knowing it. Wrong husbands come to dinner, gold chains change hands, and one of <em>Shakespeare</em>’s " +
      "earliest and shortest plays turns confusion into delight.",
  },
] as const;

/** Facts in the order of the answer of details; empty when the answer has another form. */
export function parseDetails(body: unknown): readonly Fact[] {
  if (typeof body !== "object" || body === null) return [];
  return Object.entries(body)
    .filter(([name]) => name !== "id")
    .flatMap(([name, value]: [string, unknown]) =>
      typeof value === "string" || typeof value === "number" ? [{ name, value: String(value) }] : [],
    );
}

/** The answer of reviews; `undefined` when it has another form. */
export function parseReviews(body: unknown): ReviewList | undefined {
  if (typeof body !== "object" || body === null || !("reviews" in body) || !Array.isArray(body.reviews))
    return undefined;
  const pod = "podname" in body && typeof body.podname === "string" ? body.podname : "unknown";
  return { pod, reviews: body.reviews.flatMap((review: unknown) => parseReview(review)) };
}

function parseReview(review: unknown): Review[] {
  if (typeof review !== "object" || review === null || !("reviewer" in review) || !("text" in review)) return [];
  const rating = "rating" in review ? parseRating(review.rating) : undefined;
  const said = { reviewer: String(review.reviewer), text: String(review.text) };
  return [rating === undefined ? said : { ...said, rating }];
}

function parseRating(rating: unknown): Review["rating"] {
  if (typeof rating !== "object" || rating === null) return undefined;
  if ("error" in rating) return { error: String(rating.error) };
  if (!("stars" in rating) || typeof rating.stars !== "number") return undefined;
  return { stars: rating.stars, color: "color" in rating && rating.color === "red" ? "red" : "black" };
}
