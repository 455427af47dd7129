// The examples in docs/codes/ are real: each gives the finding that its page is about, and no other.
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { parse as parseYaml } from "yaml";
import type { Finding } from "../base/finding.ts";
import { apiCodes } from "./codes.ts";
import { parseMeshConfig } from "./mesh-config.ts";
import { parse } from "./parse.ts";

function findingsOf(yaml: string): readonly Finding[] {
  const parsed = parse(parseYaml(yaml), { defaultNamespace: "default" });
  if (parsed.type === "ignored") return [];
  const isConfigMap = parsed.type === "object" && parsed.object.kind === "ConfigMap";
  return isConfigMap ? parseMeshConfig(parsed.object.data["mesh"] ?? "").findings : parsed.findings;
}

test.each(apiCodes)("apiCodes has a page for $code whose example is $title", ({ code, title }) => {
  const page = readFileSync(new URL(`../docs/codes/${code}.md`, import.meta.url), "utf8");
  expect(page.split("\n")[0]).toBe(`# ${code}: ${title}`);
  const [, yaml = ""] = /```yaml\n([\s\S]*?)```/.exec(page) ?? [];
  expect(findingsOf(yaml).map((finding) => finding.code)).toEqual([code]);
});
