// Redirects, rewrites and direct responses.
import { child } from "../../base/json-path.ts";
import { regexFault } from "../common/regex.ts";
import { type Complaint, rule } from "../rule.ts";
import { httpRulesOf } from "./walk.ts";

/** A redirect changes something, in one way, and is a redirect. */
export const redirects = rule({
  code: "PIL1214",
  guardsEnvoy: true,
  kinds: ["VirtualService"],
  enforcement: "deny",
  summary: "a redirect changes something and has a 3xx code",
  *check(object): Iterable<Complaint> {
    for (const { value, path: rulePath } of httpRulesOf(object)) {
      const { redirect } = value;
      if (redirect === undefined) continue;
      const path = child(rulePath, "redirect");
      const { uri, prefixRewrite, authority, scheme, port, derivePort, redirectCode } = redirect;
      const both = filled(uri) && filled(prefixRewrite);
      if (both)
        yield {
          path,
          problem: "uri and prefixRewrite are both set",
          reason: "One gives the whole path, the other its beginning",
          fix: "Keep one of them",
        };
      if (![uri, prefixRewrite, authority, scheme].some(filled) && port === undefined && derivePort === undefined) {
        yield {
          path,
          problem: "the redirect changes nothing",
          reason: "The caller would be sent to where it came from, for ever",
          fix: "Set uri, authority, scheme or port",
        };
      }
      const other = (value.match ?? []).some((match) => match.uri !== undefined && match.uri.prefix === undefined);
      if (filled(prefixRewrite) && other) {
        yield {
          path: child(path, "prefixRewrite"),
          problem: "prefixRewrite is set, and a match is no uri prefix",
          reason: "There is no prefix to replace",
          fix: "Match by uri.prefix, or set uri",
        };
      }
      if (redirectCode !== undefined && redirectCode !== 0 && (redirectCode < 300 || redirectCode > 399)) {
        yield {
          path: child(path, "redirectCode"),
          problem: `the code is ${redirectCode}`,
          reason: "Callers follow 3xx answers only",
          fix: "Write 301, 302, 303, 307 or 308",
        };
      }
      if (filled(scheme) && scheme !== "http" && scheme !== "https") {
        yield {
          path: child(path, "scheme"),
          problem: `the scheme is "${scheme}"`,
          reason: "Callers could not follow",
          fix: "Write http or https",
        };
      }
    }
  },
});

/** A rewrite says what to write, and writes the path in one way. */
export const rewrites = rule({
  code: "PIL1215",
  guardsEnvoy: true,
  kinds: ["VirtualService"],
  enforcement: "deny",
  summary: "a rewrite changes path or authority, the path in one way",
  *check(object): Iterable<Complaint> {
    for (const { value, path: rulePath } of httpRulesOf(object)) {
      const { rewrite } = value;
      if (rewrite === undefined) continue;
      const path = child(rulePath, "rewrite");
      const regex = rewrite.uriRegexRewrite;
      if (!filled(rewrite.uri) && !filled(rewrite.authority) && regex === undefined) {
        yield {
          path,
          problem: "the rewrite changes nothing",
          reason: "It would have no effect",
          fix: "Set uri, uriRegexRewrite or authority",
        };
      }
      if (filled(rewrite.uri) && regex !== undefined) {
        yield {
          path,
          problem: "uri and uriRegexRewrite are both set",
          reason: "Both write the path",
          fix: "Keep one of them",
        };
      }
      if (regex !== undefined) {
        const place = child(path, "uriRegexRewrite");
        if (!filled(regex.match) || !filled(regex.rewrite)) {
          yield {
            path: place,
            problem: "match or rewrite is missing",
            reason: "One finds the part of the path, the other replaces it",
            fix: "Set both",
          };
        }
        const fault = filled(regex.match) ? regexFault(regex.match ?? "") : undefined;
        if (fault !== undefined) yield { path: child(place, "match"), ...fault };
      }
      const named = Object.entries({ ...value.headers?.request?.set, ...value.headers?.request?.add }).filter(
        ([name]) => [":authority", "host"].includes(name.toLowerCase()),
      );
      if (filled(rewrite.authority) && named.length > 0) {
        yield {
          path: child(path, "authority"),
          problem: "the authority is rewritten and set as a header",
          reason: "Only one of them can win",
          fix: "Keep rewrite.authority",
        };
      }
    }
  },
});

/** Bodies of direct responses are part of every proxy's configuration. */
export const responseSize = rule({
  code: "PIL1216",
  guardsEnvoy: true,
  kinds: ["VirtualService"],
  enforcement: "deny",
  summary: "the body of a direct response is smaller than 1 MiB",
  *check(object): Iterable<Complaint> {
    for (const { value, path } of httpRulesOf(object)) {
      const body = value.directResponse?.body;
      const bytes = Buffer.byteLength(
        body?.string ?? body?.bytes ?? "",
        body?.string === undefined ? "base64" : "utf8",
      );
      if (bytes <= largestBody) continue;
      yield {
        path: child(path, "directResponse", "body"),
        problem: `the body has ${bytes} bytes`,
        reason: "Every proxy that has the route would hold it",
        fix: "Answer from a service",
      };
    }
  },
});

const largestBody = 1024 * 1024;

function filled(text: string | undefined): boolean {
  return text !== undefined && text !== "";
}
