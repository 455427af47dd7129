/** The product page's look. It is inlined in the page, so that a page behind a route without /static is whole too. */
export const pageStyle = `
:root { --paper: #faf6ee; --card: #fffdf8; --ink: #232a38; --soft: #6a6f7c; --line: #e6dece; --accent: #a6452a; --night: #20304f;
  --gold: #c9a45c; --star-black: #1c2230; --star-red: #c8312b; --star-off: #ddd5c4; --warn: #fdf0e4; --warn-line: #e2a977; color-scheme: light dark; }
@media (prefers-color-scheme: dark) { :root { --paper: #161b26; --card: #1e2533; --ink: #ece6d8; --soft: #a3a7b3; --line: #313a4c;
  --accent: #e58b68; --night: #10151f; --star-black: #f4efe2; --star-red: #f0645c; --star-off: #3a4357; --warn: #33271f; --warn-line: #8a5a34; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--paper); color: var(--ink); font: 17px/1.6 "Iowan Old Style", "Palatino Linotype", Palatino, Georgia, serif; }
header, main, footer { padding-inline: max(1.25rem, calc(50vw - 32rem)); }
header { background: var(--night); color: #f6ead2; display: flex; flex-wrap: wrap; gap: .6rem 1rem; align-items: center; justify-content: space-between; padding-block: .7rem; border-bottom: 3px solid var(--gold); }
header a.home { color: inherit; text-decoration: none; font-size: 1.2rem; letter-spacing: .02em; }
header a.home small { color: var(--gold); font-size: .78rem; letter-spacing: .14em; text-transform: uppercase; margin-left: .6rem; }
form, .user { display: flex; gap: .5rem; align-items: center; margin: 0; font: 15px/1.4 system-ui, sans-serif; }
input { font: inherit; padding: .32rem .6rem; width: 8.5rem; border: 1px solid #51607f; border-radius: 6px; background: #182540; color: #f6ead2; }
input::placeholder { color: #9aa4ba; }
button, .user a { font: inherit; cursor: pointer; padding: .32rem .85rem; border: 1px solid var(--gold); border-radius: 6px; background: var(--gold); color: #20242e; text-decoration: none; }
.user a { background: none; color: #f6ead2; }
:focus-visible { outline: 2px solid var(--gold); outline-offset: 2px; }
main { padding-block: 2.6rem 3rem; }
.book { display: grid; grid-template-columns: 15rem 1fr; gap: 1rem 3rem; align-items: start; }
.cover { width: 100%; height: auto; display: block; border-radius: 6px; box-shadow: 0 1px 2px #0003, 0 14px 34px #2030504d; }
h1 { font-size: clamp(2rem, 5vw, 3rem); line-height: 1.12; font-weight: 600; margin: .2rem 0 .3rem; text-wrap: balance; }
.by { color: var(--soft); font-style: italic; margin: 0 0 1.2rem; }
.summary { max-width: 38rem; margin: 0 0 1.8rem; }
h2 { font-size: 1.35rem; font-weight: 600; margin: 0 0 .9rem; display: flex; flex-wrap: wrap; align-items: baseline; justify-content: space-between; gap: .2rem 1rem; }
h2 .origin { font: 13px/1.4 ui-monospace, "SF Mono", Menlo, Consolas, monospace; color: var(--soft); overflow-wrap: anywhere; }
h2 .origin b { color: var(--card); background: var(--accent); border-radius: 4px; padding: .1rem .45rem; margin-right: .35rem; font-weight: 600; }
dl { display: grid; grid-template-columns: repeat(auto-fill, minmax(9.5rem, 1fr)); gap: 1rem 1.4rem; margin: 0; padding: 1.1rem 0 0; border-top: 1px solid var(--line); }
dt { font: 12px/1.4 system-ui, sans-serif; letter-spacing: .08em; text-transform: uppercase; color: var(--soft); }
dd { margin: 0; }
.reviews { margin-top: 3rem; }
.cards { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 20rem), 1fr)); gap: 1.2rem; }
blockquote { margin: 0; padding: 1.4rem 1.5rem 1.2rem; background: var(--card); border: 1px solid var(--line); border-radius: 10px; display: flex; flex-direction: column; gap: .7rem; }
blockquote p { margin: 0; }
blockquote cite { color: var(--soft); margin-top: auto; }
.stars { font-size: 1.35rem; letter-spacing: .14em; line-height: 1; color: var(--star-off); }
.stars[data-color=black] i { color: var(--star-black); }
.stars[data-color=red] i { color: var(--star-red); }
.stars i { font-style: normal; }
.unrated { font: italic 15px/1.4 system-ui, sans-serif; color: var(--accent); }
.failure { background: var(--warn); border: 1px solid var(--warn-line); border-left-width: 5px; border-radius: 8px; padding: 1rem 1.3rem; }
.failure h3 { margin: 0 0 .2rem; font-size: 1.08rem; }
.failure p { margin: 0; }
footer { border-top: 1px solid var(--line); color: var(--soft); padding-block: 1.1rem 2rem; font: 13px/1.5 system-ui, sans-serif; }
footer code { overflow-wrap: anywhere; }
@media (max-width: 44rem) { .book { grid-template-columns: 1fr; gap: 1.6rem; } .cover { max-width: 12.5rem; margin-inline: auto; } main { padding-top: 1.8rem; } .reviews { margin-top: 2.2rem; } }
`;
