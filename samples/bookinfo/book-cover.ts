/** The book's cover, drawn by hand: two masks that are the same face, one laughing and one lost. */

const laughing = `<path d="M0 0c22 9 46 9 68 0 5 42-5 76-34 88C5 76-5 42 0 0z" fill="#f6ead2"/>
<path d="M13 30q8-9 17 0M38 30q9-9 17 0" fill="none" stroke="#20304f" stroke-width="3.4" stroke-linecap="round"/>
<path d="M16 49q18 9 36 0-3 22-18 22T16 49z" fill="#20304f"/>`;

const lost = `<path d="M0 0c22 9 46 9 68 0 5 42-5 76-34 88C5 76-5 42 0 0z" fill="#d9653b"/>
<path d="M13 29q8 9 17 0M38 29q9 9 17 0" fill="none" stroke="#20304f" stroke-width="3.4" stroke-linecap="round"/>
<path d="M20 66q14-17 28 0" fill="none" stroke="#20304f" stroke-width="3.8" stroke-linecap="round"/>`;

/** The whole cover as inline SVG. */
export const bookCover = `<svg class="cover" viewBox="0 0 240 340" role="img" aria-label="Cover of The Comedy of Errors">
<rect width="240" height="340" rx="6" fill="#20304f"/>
<rect x="12" y="12" width="216" height="316" rx="2" fill="none" stroke="#c9a45c" stroke-width="1.2"/>
<rect x="16" y="16" width="208" height="308" rx="1" fill="none" stroke="#c9a45c" stroke-width=".5"/>
<g fill="#f6ead2" text-anchor="middle" font-family="Georgia, 'Times New Roman', serif">
<text x="120" y="62" font-size="13" letter-spacing="4">THE</text>
<text x="120" y="92" font-size="27">Comedy</text>
<text x="120" y="112" font-size="13" font-style="italic">of</text>
<text x="120" y="138" font-size="27">Errors</text>
<text x="120" y="306" font-size="10.5" letter-spacing="2.4" fill="#c9a45c">WILLIAM SHAKESPEARE</text></g>
<path d="M92 154h56" stroke="#c9a45c" stroke-width="1"/><circle cx="120" cy="154" r="2.6" fill="#c9a45c"/>
<g transform="translate(118 184) rotate(11)">${lost}</g>
<g transform="translate(52 190) rotate(-9)">${laughing}</g>
<rect width="9" height="340" rx="4" fill="#000" opacity=".18"/></svg>`;

/** A small icon of the same for the browser's tab, a file of its own under /static. */
export const bookIcon = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="-14 -6 96 100">${laughing}</svg>\n`;
