/** The fixed documents that httpbin serves in various formats. */

/** What /json answers. */
export const slideshow = {
  slideshow: {
    title: "How a request travels",
    author: "Pillion",
    date: "today",
    slides: [
      { title: "The client's sidecar picks an endpoint", type: "all" },
      { title: "Two proxies shake hands", type: "all", items: ["certificates", "a SPIFFE ID on either side"] },
    ],
  },
};

/** What /html answers. */
export const htmlPage = `<!DOCTYPE html>
<html lang="en">
<head><meta charset="utf-8"><title>A page</title></head>
<body><h1>On waiting</h1>
<p>The ferry left every hour, or so the board said. Those who lived on the island read the tide instead,
and came down to the pier when the gulls did.</p></body>
</html>
`;

/** What /xml answers. */
export const xmlDocument = `<?xml version="1.0" encoding="UTF-8"?>
<slideshow title="How a request travels" author="Pillion">
  <slide type="all"><title>The client's sidecar picks an endpoint</title></slide>
  <slide type="all"><title>Two proxies shake hands</title><item>certificates</item></slide>
</slideshow>
`;

/** What /robots.txt answers. */
export const robotsText = "User-agent: *\nDisallow: /deny\n";

/** What /deny answers, to robots that did not listen. */
export const denyText = "Robots were asked not to come here.\n";

/** What /encoding/utf8 answers. */
export const unicodePage = `<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><title>Scripts</title></head><body><pre>
Greek     Καλημέρα κόσμε        Russian   Привет, мир
Chinese   你好，世界             Japanese  こんにちは世界
Korean    안녕 세상              Arabic    مرحبا بالعالم
Hindi     नमस्ते दुनिया            Maths     ∀x∈ℝ: ⌈x⌉ = −⌊−x⌋
</pre></body></html>
`;

/** A PNG of one transparent pixel. */
export const pixelPng: Buffer = Buffer.from(
  "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg==",
  "base64",
);
