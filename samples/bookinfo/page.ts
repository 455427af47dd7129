/** The product page as HTML. Everything that other services or users say is escaped. */
import { bookCover } from "./book-cover.ts";
import { pageStyle } from "./page-style.ts";
import type { Fact, Review, ReviewList } from "./product.ts";

/** What the page shows. */
export interface PageContent {
  readonly book: { readonly title: string; readonly descriptionHtml: string };
  /** Who is signed in. */
  readonly user: string | undefined;
  /** `undefined` when details failed. */
  readonly facts: readonly Fact[] | undefined;
  /** `undefined` when reviews failed; its version is empty when nobody told it. */
  readonly reviews: (ReviewList & { readonly version: string }) | undefined;
  /** The product page's own pod. */
  readonly servedBy: string;
}

/** The whole page. */
export function productPage(content: PageContent): string {
  const { book, facts } = content;
  const factNamed = (name: string): string => facts?.find((fact) => fact.name === name)?.value ?? "";
  const byline = [factNamed("author"), factNamed("year")].filter((part) => part !== "").join(", ");
  return `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Simple Bookstore App</title>
<link rel="icon" type="image/svg+xml" href="/static/book.svg">
<style>${pageStyle}</style>
</head>
<body>
<header>
<a class="home" href="/productpage">The Twin Masks<small>Bookshop</small></a>
${signInOrOut(content.user)}
</header>
<main>
<article class="book">
${bookCover}
<div>
<h1>${escapeHtml(book.title)}</h1>
<p class="by">${byline === "" ? "&nbsp;" : escapeHtml(byline)}</p>
<p class="summary">${book.descriptionHtml}</p>
${detailsSection(facts)}
</div>
</article>
${reviewsSection(content.reviews)}
</main>
<footer>Page served by <code>${escapeHtml(content.servedBy)}</code></footer>
</body>
</html>
`;
}

function signInOrOut(user: string | undefined): string {
  if (user !== undefined) {
    return `<div class="user"><span>Signed in as <strong>${escapeHtml(user)}</strong></span> <a href="/logout">Sign out</a></div>`;
  }
  return `<form method="post" action="/login">
<input name="username" placeholder="User name" aria-label="User name" autocomplete="username" required>
<input name="passwd" type="password" placeholder="Password" aria-label="Password" autocomplete="current-password">
<button type="submit">Sign in</button>
</form>`;
}

function detailsSection(facts: readonly Fact[] | undefined): string {
  if (facts === undefined) return failure("details");
  const shown = facts.filter(({ name }) => name !== "author" && name !== "year");
  const items = shown.map(({ name, value }) => `<div><dt>${escapeHtml(name)}</dt><dd>${escapeHtml(value)}</dd></div>`);
  return `<section aria-labelledby="details"><h2 id="details">Book Details</h2><dl>\n${items.join("\n")}\n</dl></section>`;
}

function reviewsSection(list: PageContent["reviews"]): string {
  if (list === undefined) {
    return `<section class="reviews" aria-labelledby="reviews"><h2 id="reviews">Book Reviews</h2>${failure("reviews")}</section>`;
  }
  const version = escapeHtml(list.version);
  const badge = version === "" ? "" : `<b>reviews ${version}</b>`;
  const origin = `<span class="origin">${badge}${escapeHtml(list.pod)}</span>`;
  return `<section class="reviews" aria-labelledby="reviews" data-version="${version}">
<h2 id="reviews"><span>Book Reviews</span>${origin}</h2>
<div class="cards">
${list.reviews.map(reviewCard).join("\n")}
</div>
</section>`;
}

function reviewCard({ reviewer, text, rating }: Review): string {
  return `<blockquote>${ratingLine(rating)}<p>${escapeHtml(text)}</p><cite>${escapeHtml(reviewer)}</cite></blockquote>`;
}

function ratingLine(rating: Review["rating"]): string {
  if (rating === undefined) return "";
  if ("error" in rating) return `<p class="unrated">${escapeHtml(rating.error)}</p>`;
  const full = Math.max(0, Math.min(5, Math.round(rating.stars)));
  const color = escapeHtml(rating.color);
  return `<p class="stars" data-color="${color}" role="img" aria-label="${full} of 5 stars"><i>${"★".repeat(full)}</i>${"★".repeat(5 - full)}</p>`;
}

function failure(what: "details" | "reviews"): string {
  return `<div class="failure" role="alert"><h3>Error fetching product ${what}!</h3>
<p>The ${what} of this book could not be loaded just now. Please try again in a moment.</p></div>`;
}

function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}
