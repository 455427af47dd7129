// Headers that can be matched and changed.
import { valueFormatFault } from "../../api/header-format.ts";
import { child, type JsonPath } from "../../base/json-path.ts";
import { type Complaint, rule } from "../rule.ts";
import { headerOperationsOf, httpMatchesOf, httpRulesOf } from "./walk.ts";

const envoyRefuses = "Envoy refuses such a route, and with it every later update of the routes of this port";

/** Names of headers are tokens of HTTP; pseudo headers and Host have fields of their own. */
export const headerNames = rule({
  code: "PIL1223",
  kinds: ["VirtualService"],
  enforcement: "deny",
  guardsEnvoy: true,
  summary: "headers have names of HTTP",
  *check(object): Iterable<Complaint> {
    const fix = "Write a name such as x-user, in letters, digits and hyphens";
    for (const { name, path, pseudo } of namesOf(object)) {
      if (name === "") yield { path, problem: 'a header has the name ""', reason: "No request has it", fix };
      else if (!isToken(name, pseudo))
        yield { path, problem: `"${name.slice(0, 80)}" is no name of a header`, reason: "No request has it", fix };
    }
  },
});

/** Values are formats of Envoy: % begins a command, and %% is a percent sign. */
export const headerValues = rule({
  code: "PIL4003",
  kinds: ["VirtualService"],
  enforcement: "deny",
  summary: "values of headers are formats that Envoy reads",
  *check(object): Iterable<Complaint> {
    for (const { value, path } of headerOperationsOf(object)) {
      for (const field of ["set", "add"] as const) {
        for (const [name, text] of Object.entries(value[field] ?? {})) {
          const fault =
            text.length > longestValue ? `has more than ${longestValue} characters` : valueFormatFault(text);
          if (fault === undefined) continue;
          yield {
            path: child(path, field, name),
            problem: `the value "${text.slice(0, 80)}" ${fault}`,
            reason: envoyRefuses,
            fix: `Write %% for a percent sign, or a command such as %START_TIME%, and at most ${longestValue} characters`,
          };
        }
      }
    }
  },
});

/** Envoy counts bytes; whatever is near its limit is a mistake. */
const longestValue = 4096;

/** A line break in what becomes a header would be a header of its own; Envoy refuses it. */
export const lineBreaks = rule({
  code: "PIL4004",
  kinds: ["VirtualService"],
  enforcement: "deny",
  summary: "header names and values, paths and hosts have no line breaks",
  *check(object): Iterable<Complaint> {
    for (const { text, path } of textsOf(object)) {
      // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
      if (!/[\u0000\n\r]/.test(text)) continue;
      yield {
        path,
        problem: "the text has a line break or a NUL character",
        reason: envoyRefuses,
        fix: "Take it away",
      };
    }
  },
});

interface Named {
  readonly name: string;
  readonly path: JsonPath;
  /** Whether names such as :method and @request.auth.claims.x may stand here, or :authority and Host, or neither. */
  readonly pseudo: "match" | "authority" | "none";
}

type Rules = Parameters<typeof httpRulesOf>[0];

function namesOf(object: Rules): readonly Named[] {
  const matched = httpMatchesOf(object).flatMap(({ value, path }) =>
    (["headers", "withoutHeaders"] as const).flatMap((field) =>
      Object.keys(value[field] ?? {}).map((name): Named => ({ name, path: child(path, field, name), pseudo: "match" })),
    ),
  );
  const changed = headerOperationsOf(object).flatMap(({ value, path }) => [
    ...(["set", "add"] as const).flatMap((field) =>
      Object.keys(value[field] ?? {}).map(
        (name): Named => ({
          name,
          path: child(path, field, name),
          pseudo: path.endsWith("request") ? "authority" : "none",
        }),
      ),
    ),
    ...(value.remove ?? []).map((name, index): Named => ({ name, path: child(path, "remove", index), pseudo: "none" })),
  ]);
  const cors = httpRulesOf(object).flatMap(({ value, path }) =>
    (["allowHeaders", "exposeHeaders"] as const).flatMap((field) =>
      (value.corsPolicy?.[field] ?? []).map(
        (name, index): Named => ({
          name: name === "*" ? "any" : name,
          path: child(path, "corsPolicy", field, index),
          pseudo: "match",
        }),
      ),
    ),
  );
  return [...matched, ...changed, ...cors];
}

function isToken(name: string, pseudo: Named["pseudo"]): boolean {
  if (pseudo === "match" && name.startsWith("@request.auth.claims")) return true;
  if (pseudo === "authority" && name === ":authority") return true;
  // What has a line break is found by its own rule.
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
  if (/[\u0000\n\r]/.test(name)) return true;
  if (pseudo === "none" && name.toLowerCase() === "host") return false;
  const plain = pseudo === "match" && name.startsWith(":") ? name.slice(1) : name;
  return pseudo === "match"
    ? /^[-!#$%&'*+.^_`|~A-Za-z0-9]+$/.test(plain)
    : !plain.startsWith(":") && plain.trim() !== "";
}

function textsOf(object: Rules): readonly { text: string; path: JsonPath }[] {
  const headers = headerOperationsOf(object).flatMap(({ value, path }) => [
    ...(["set", "add"] as const).flatMap((field) =>
      Object.entries(value[field] ?? {}).map(([name, text]) => ({
        text: `${name}${text}`,
        path: child(path, field, name),
      })),
    ),
    ...(value.remove ?? []).map((text, index) => ({ text, path: child(path, "remove", index) })),
  ]);
  const answers = httpRulesOf(object).flatMap(({ value, path }) => {
    const { redirect, rewrite } = value;
    return [
      { text: redirect?.uri ?? "", path: child(path, "redirect", "uri") },
      { text: redirect?.prefixRewrite ?? "", path: child(path, "redirect", "prefixRewrite") },
      { text: redirect?.authority ?? "", path: child(path, "redirect", "authority") },
      { text: rewrite?.uri ?? "", path: child(path, "rewrite", "uri") },
      { text: rewrite?.authority ?? "", path: child(path, "rewrite", "authority") },
      { text: rewrite?.uriRegexRewrite?.rewrite ?? "", path: child(path, "rewrite", "uriRegexRewrite", "rewrite") },
    ];
  });
  const names = httpMatchesOf(object).flatMap(({ value, path }) =>
    (["headers", "withoutHeaders", "queryParams"] as const).flatMap((field) =>
      Object.keys(value[field] ?? {}).map((text) => ({ text, path: child(path, field, text) })),
    ),
  );
  return [...headers, ...answers, ...names];
}
