import { expect, test } from "vitest";
import { lines } from "./lines.ts";

test("docs/walkthrough.md lists what the walkthrough asks", async () => {
  const rows = lines.map(({ asked, expected }) => `| ${asked} | ${expected} |`);
  const page = [
    "# The walkthrough",
    "",
    "`npm run demo -- --check` asks this of a running mesh, each line with live traffic, and prints what it saw.",
    "The lines are code: [cli/demo/lines/](../cli/demo/lines). This page is written from them by `npm run golden`.",
    "",
    "| asked | expected |",
    "|---|---|",
    ...rows,
    "",
  ];
  await expect(page.join("\n")).toMatchFileSnapshot("../../docs/walkthrough.md");
});
