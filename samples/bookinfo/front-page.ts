/** What the shop answers at `/`: who asks there with curl sees whose page it is, and where to go on. */
import { pageStyle } from "./page-style.ts";

/** The page as HTML; without calls to the other services. */
export const frontPage = `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Simple Bookstore App</title>
<link rel="icon" type="image/svg+xml" href="/static/book.svg">
<style>${pageStyle}</style>
</head>
<body>
<header><a class="home" href="/productpage">The Twin Masks<small>Bookshop</small></a></header>
<main>
<h1>A shop made of four services</h1>
<p>The product page asks details and reviews; two of three versions of reviews ask ratings.</p>
<ul>
<li><a href="/productpage?u=normal">Normal user</a></li>
<li><a href="/productpage?u=test">Test user</a></li>
</ul>
</main>
</body>
</html>
`;
