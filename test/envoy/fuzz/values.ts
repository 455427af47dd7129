// Values that are likely to be taken by one and refused by the other: around limits, of odd form, with a meaning for Envoy.
import fc from "fast-check";
import { argumentCommands, flexibleCommands, plainCommands } from "../../../api/envoy-commands.ts";
import type { SchemaNode } from "../../../api/schema.ts";
import { assertNever } from "../../../base/assert.ts";

const lengths = [63, 64, 255, 256, 1023, 1024, 1025, 16_383, 16_385, 70_000];
/** Some limits are about letters, others about bytes. */
const long = fc
  .tuple(fc.constantFrom("x", "x", "é"), fc.constantFrom(...lengths))
  .map(([letter, length]) => letter.repeat(length));

const odd = [
  ..."  * . / : ; , = % $ \\ \n \r \0 \t ~ @ # ? & { } [ ] ( ) < > | ^ + ! ' \" é 漢 💥 -1 0 1".split(" "),
  "a\nb",
  "a\0b",
  "%%",
  "$(a)",
  "\\1",
  "\u2028",
  "a b",
  "A-B",
  ":path",
  "host",
  "te",
  "x-a",
];

const regexAtoms = [
  ..."a b . .* .+ x? (a|b) [a-z] [^a] ^ $ \\d \\w \\s \\b \\B \\A \\z \\Z \\C \\pL \\pN \\PL | ( ) [ ] { } * + ? \\ (?i) (?s:.) (?P<n>a) (?<n>a) (?:a)".split(
    " ",
  ),
  ..."\\p{L} \\p{Lu} \\p{LC} \\p{Cn} \\p{Greek} \\p{Zz} \\P{Han} \\p{^Greek} [[:alpha:]] [[:foo:]] [\\pL\\d] \\x{10ffff} \\x{d800} \\x{dfff} \\x{110000} \\x41 \\07 \\Qa.b\\E \\Q (?U) (?-i) (?i-s:a)".split(
    " ",
  ),
  ..."{2} {0} {1000} {1001} {1,1000} {2,1} {100} {,3} ** +? *? ?? {10}{10} \\a \\f \\v \\u0041 \\e \\cA \\h \\R \\X \\1 (?=a) (?!a) (?<=a) (?#c)".split(
    " ",
  ),
];
const regex = fc.array(fc.constantFrom(...regexAtoms), { minLength: 1, maxLength: 8 }).map((parts) => parts.join(""));

const commands = [...plainCommands, ...argumentCommands, ...flexibleCommands, "NOT_A_THING", "REQ_", "req"];
const commandArguments = [
  ...'a a?b :path :authority?x a:b a:b:c %Y-%m-%d %s %f %3f %E4Y PLAIN TYPED FIELD:x DYNAMIC:a:b CLUSTER:a QUERY NUMBER CAMEL_STRING SNAKE_STRING ORIG PATH NQ WQ:PATH DS_RX_BEG:US_TX_END:ms {} {"a":1} 10 -1 com.example.key envoy.lb:canary io.istio ) %'.split(
    " ",
  ),
  "",
];
const command = fc
  .tuple(
    fc.constantFrom(...commands),
    fc.option(fc.constantFrom(...commandArguments), { nil: undefined }),
    fc.option(fc.constantFrom("5", "0", "x", "99999999999"), { nil: undefined, freq: 3 }),
  )
  .map(([name, argument, length]) => {
    const inside = argument === undefined ? "" : `(${argument})`;
    return `%${name}${inside}${length === undefined ? "" : `:${length}`}%`;
  });
const format = fc
  .array(fc.oneof(command, fc.constantFrom("a", "%", "%%", " ", "{", "é")), { minLength: 1, maxLength: 3 })
  .map((parts) => parts.join(""));
/** Of access logs: a line, or JSON. */
const logFormat = fc.oneof(
  format,
  fc
    .tuple(format, fc.constantFrom(1, true, null, {}, [], "%", { b: "%PROTOCOL%" }, ["%REQ(a)%"]))
    .map(([text, other]) => JSON.stringify({ a: text, b: other, "%": { c: text } })),
);

const host = fc.constantFrom(
  ..."reviews echo reviews.shop.svc.cluster.local www.example.com *.example.com * *.com *-x.example.com *x.example.com example.com. EXAMPLE.com xn--a.com a_b.com 10.0.0.1 ::1 [::1] www.example.com:80 . .. a..b -a.com localhost outbound_.80_.v1_.reviews.shop.svc.cluster.local shop/* ./x.com ~/*".split(
    " ",
  ),
);
const address = fc.constantFrom(
  ..."10.0.0.1 10.0.0.0/8 10.0.0.1/33 0.0.0.0/0 ::/0 fd00::1 fd00::/129 fe80::1%eth0 ::ffff:1.2.3.4 ::ffff:1.2.3.4/96 1.2.3 01.2.3.4 256.1.1.1 10.0.0.0/08 10.0.0.5/8 unix:///tmp/a unix://@a unix:// localhost".split(
    " ",
  ),
);
const path = fc.constantFrom(..."/ /a /a/ a //a /a?b=c /a#b /% /%2F /é /a{b} /{x} http://a/b *".split(" "));
const durations = fc.constantFrom(
  ..."0s 1ns 0.5ms 1ms 1.5ms 999ms 1s 1.5s 59m 1h 24h 876000h 876001h 2562047h -1s -0s +1s 1d s 1 99999999999h".split(
    " ",
  ),
);
const words = fc.constantFrom(
  ..."GET POST get X-A x-a accept :method :status content-type 5xx gateway-error,retriable-4xx 503 retriable-status-codes 599,600 cancelled UNAVAILABLE 14 http https HTTP TLS TCP v1 v2 mesh edge . ~ jason en-US a=b SameSite secure Path".split(
    " ",
  ),
);
const texts = fc.oneof(fc.constantFrom(...odd), long, words, host, path, format, fc.string({ maxLength: 6 }));

/** Texts that suit a field of this name, and others that do not. */
function text(name: string): fc.Arbitrary<string> {
  // Envoy would make a file of whatever name on this machine.
  if (name === "accessLogFile") return fc.constantFrom("/dev/stdout", "/dev/stderr", "/dev/null", "");
  const fitting = fittingTexts(name);
  return fitting === undefined ? texts : fc.oneof({ weight: 3, arbitrary: fitting }, { weight: 1, arbitrary: texts });
}

function fittingTexts(name: string): fc.Arbitrary<string> | undefined {
  if (name === "regex" || name === "match") return regex;
  if (name === "set" || name === "add") return format;
  if (name === "accessLogFormat") return logFormat;
  if (name === "inclusionRegexps") return regex;
  if (name === "serviceCidrs") return address;
  if (/uri|path|prefix|exact/i.test(name)) return fc.oneof(path, words);
  if (/host|authority|sni|subjectAltNames/i.test(name)) return host;
  if (/address|subnet|cidr|bind/i.test(name)) return address;
  return undefined;
}

const numbers = [
  -(2 ** 31),
  -1,
  0,
  1,
  2,
  99,
  100,
  101,
  199,
  200,
  503,
  599,
  600,
  1023,
  1024,
  5_000_011,
  5_000_012,
  65_535,
  65_536,
  65_537,
  8_388_608,
  8_388_609,
  2 ** 31 - 1,
  2 ** 31,
  2 ** 32 - 1,
  2 ** 32,
  Number.MAX_SAFE_INTEGER,
];

/** Whole numbers that the schema takes, those at its ends and at Envoy's limits as often as all others. */
function allowedNumber({ minimum = -(2 ** 31), maximum = 2 ** 32 - 1 }: SchemaNode): fc.Arbitrary<number> {
  const within = (number: number): boolean => number >= minimum && number <= maximum;
  const edges = [minimum, minimum + 1, maximum - 1, maximum, ...numbers].filter(within);
  return fc.oneof(fc.constantFrom(...edges), fc.integer({ min: minimum, max: Math.min(maximum, minimum + 200) }));
}

/** A value for a field of this name and schema. Objects hold few of their fields. */
export function valueFor(name: string, node: SchemaNode): fc.Arbitrary<unknown> {
  if (node.enum !== undefined) return fc.constantFrom(...node.enum);
  if (node.goDuration !== undefined) return durations;
  if (node.type === undefined) return fc.constantFrom(1, "a", { a: 1 });
  switch (node.type) {
    case "string":
      return text(name);
    case "boolean":
      return fc.boolean();
    case "integer":
      return fc.oneof(
        { weight: 3, arbitrary: allowedNumber(node) },
        { weight: 1, arbitrary: fc.constantFrom(...numbers) },
      );
    case "number":
      return fc.oneof(
        fc.constantFrom(...numbers, 0.00001, 0.0001, 33.3333333, 99.99999, 1e300, 5e-324),
        fc.double({ noNaN: true }),
      );
    case "array":
      return node.items === undefined ? fc.constant([]) : fc.array(valueFor(name, node.items), { maxLength: 3 });
    case "object":
      return mapping(name, node);
    default:
      return assertNever(node.type);
  }
}

/** Names of headers, labels, ports and so on. */
export const keys = fc.oneof(words, fc.constantFrom(...odd), host, fc.constantFrom("9080", "http", "version", "app"));

function mapping(name: string, node: SchemaNode): fc.Arbitrary<unknown> {
  if (typeof node.additionalProperties === "object") {
    const values = valueFor(name, node.additionalProperties);
    return fc.array(fc.tuple(keys, values), { maxLength: 2 }).map((entries) => Object.fromEntries(entries));
  }
  const fields = Object.entries(node.properties ?? {}).map(([field, schema]) => {
    const value = valueFor(field, schema);
    return [field, node.required?.includes(field) ? value : rarely(value)] as const;
  });
  const all = fc.record(Object.fromEntries(fields));
  return all.map((value) => Object.fromEntries(Object.entries(value).filter(([, item]) => item !== undefined)));
}

function rarely(value: fc.Arbitrary<unknown>): fc.Arbitrary<unknown> {
  return fc.oneof({ weight: 3, arbitrary: fc.constant(undefined) }, { weight: 1, arbitrary: value });
}
