// Which endpoint gets a request.
import { parseDuration } from "../../api/duration.ts";
import type { ConsistentHash, LoadBalancer } from "../../api/traffic-policy.ts";
import { child, type JsonPath } from "../../base/json-path.ts";
import { complaint } from "../complaint.ts";
import { type Complaint, rule } from "../rule.ts";
import { settingsOf } from "./connections.ts";
import { localityFaults } from "./localities.ts";

/** Envoy's own limits. */
const largestRing = 8_388_608;
const largestTable = 5_000_011;

/** A load balancer is of one kind, and its settings fit together. */
export const loadBalancers = rule({
  code: "PIL1307",
  kinds: ["DestinationRule"],
  enforcement: "deny",
  guardsEnvoy: true,
  summary: "a load balancer is of one kind, and its settings fit together",
  *check(object): Iterable<Complaint> {
    for (const { value, path } of settingsOf(object)) {
      if (value.loadBalancer !== undefined) yield* balancerFaults(value.loadBalancer, child(path, "loadBalancer"));
    }
  },
});

/** What Envoy refuses in consistent hashing. */
export const refusedHashes = rule({
  code: "PIL4006",
  kinds: ["DestinationRule"],
  enforcement: "deny",
  summary: "consistent hashing has settings that Envoy takes",
  *check(object): Iterable<Complaint> {
    const reason = "Envoy refuses it, and with it every later update";
    for (const { value, path: settings } of settingsOf(object)) {
      const hash = value.loadBalancer?.consistentHash;
      if (hash === undefined) continue;
      const path = child(settings, "loadBalancer", "consistentHash");
      const ttl = hash.httpCookie?.ttl;
      if (ttl !== undefined && (parseDuration(ttl) ?? 0) < 0) {
        yield {
          path: child(path, "httpCookie", "ttl"),
          problem: `ttl is "${ttl}"`,
          reason,
          fix: "Write 0s for a session cookie, or a longer time",
        };
      }
      for (const name of ["httpHeaderName", "httpQueryParameterName"] as const) {
        // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
        if (!/[\u0000\n\r]/.test(hash[name] ?? "")) continue;
        yield {
          path: child(path, name),
          problem: "the name has a line break or a NUL character",
          reason,
          fix: "Take it away",
        };
      }
      yield* cookieFaults(hash.httpCookie, child(path, "httpCookie"), reason);
      const ring = hash.ringHash?.minimumRingSize ?? hash.minimumRingSize ?? 0;
      if (ring > largestRing) {
        yield {
          path:
            hash.ringHash === undefined ? child(path, "minimumRingSize") : child(path, "ringHash", "minimumRingSize"),
          problem: `the ring has ${ring} places`,
          reason,
          fix: `Write at most ${largestRing}`,
        };
      }
      const table = hash.maglev?.tableSize;
      if (table !== undefined && (table === 0 || table > largestTable || !isPrime(table))) {
        yield {
          path: child(path, "maglev", "tableSize"),
          problem: `the table has ${table} places`,
          reason: `${reason}: it takes prime numbers up to ${largestTable}`,
          fix: "Write a prime number, such as 65537",
        };
      }
    }
  },
});

/** Browsers keep cookies of up to 4096 bytes; Envoy refuses what is much longer. */
const longestCookie = 4096;

function* cookieFaults(cookie: ConsistentHash["httpCookie"], path: JsonPath, reason: string): Iterable<Complaint> {
  const parts = [
    { text: `${cookie?.name ?? ""}${cookie?.path ?? ""}`, place: path },
    ...(cookie?.attributes ?? []).map(({ name, value = "" }, index) => ({
      text: `${name}${value}`,
      place: child(path, "attributes", index),
    })),
  ];
  for (const { text, place } of parts) {
    // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
    if (/[\u0000\n\r]/.test(text)) {
      yield complaint(place, "the text has a line break or a NUL character", reason, "Take it away");
    } else if (text.length > longestCookie) {
      yield complaint(place, `the text has ${text.length} characters`, reason, `Write at most ${longestCookie}`);
    }
  }
}

function* balancerFaults(balancer: LoadBalancer, path: JsonPath): Iterable<Complaint> {
  const kinds = (["simple", "consistentHash", "backendUtilization"] as const).filter(
    (kind) => balancer[kind] !== undefined,
  );
  if (kinds.length > 1) {
    yield {
      path,
      problem: `${kinds.join(" and ")} are both set`,
      reason: "Only one algorithm can choose the endpoint",
      fix: "Keep one of them",
    };
  }
  if (balancer.consistentHash !== undefined) yield* hashFaults(balancer.consistentHash, child(path, "consistentHash"));
  if (balancer.localityLbSetting !== undefined && balancer.zoneAwareLbSetting !== undefined) {
    yield {
      path,
      problem: "localityLbSetting and zoneAwareLbSetting are both set",
      reason: "They are two ways to prefer near endpoints",
      fix: "Keep one of them",
    };
  }
  const aggression = balancer.warmup?.aggression;
  if (aggression !== undefined && aggression <= 0) {
    yield {
      path: child(path, "warmup", "aggression"),
      problem: `aggression is ${aggression}`,
      reason: "The share would never rise",
      fix: "Write a number above 0; 1 is even",
    };
  }
  yield* localityFaults(balancer, path);
}

function* hashFaults(hash: ConsistentHash, path: JsonPath): Iterable<Complaint> {
  const keys = (["httpHeaderName", "httpCookie", "useSourceIp", "httpQueryParameterName"] as const).filter(
    (key) => hash[key] !== undefined,
  );
  if (keys.length > 1) {
    yield {
      path,
      problem: `${keys.join(" and ")} are set`,
      reason: "Only one of them can be what is hashed",
      fix: "Keep one of them",
    };
  }
  const sizes = (["minimumRingSize", "ringHash", "maglev"] as const).filter(
    (size) => hash[size] !== undefined && hash[size] !== 0,
  );
  if (sizes.length > 1) {
    yield {
      path,
      problem: `${sizes.join(" and ")} are set`,
      reason: "They size different tables",
      fix: "Keep one of them",
    };
  }
  if (hash.maglev !== undefined && hash.maglev.tableSize === undefined) {
    yield {
      path: child(path, "maglev"),
      problem: "tableSize is missing",
      reason: "The size of the table is all that maglev says",
      fix: "Write tableSize: 65537, or another prime number",
    };
  }
  const cookie = hash.httpCookie;
  if (cookie?.name === "") {
    yield {
      path: child(path, "httpCookie", "name"),
      problem: "the cookie has no name",
      reason: "Callers could not send it",
      fix: "Name the cookie",
    };
  }
  const seen = new Set<string>();
  for (const [index, { name }] of (cookie?.attributes ?? []).entries()) {
    const place = child(path, "httpCookie", "attributes", index);
    if (name === "")
      yield {
        path: place,
        problem: "the attribute has no name",
        reason: "Callers could not read it",
        fix: "Name the attribute",
      };
    else if (seen.has(name))
      yield {
        path: place,
        problem: `the attribute "${name}" is there twice`,
        reason: "Callers would read one of them",
        fix: "Take one away",
      };
    seen.add(name);
  }
}

function isPrime(number: number): boolean {
  if (number < 2) return false;
  for (let divisor = 2; divisor * divisor <= number; divisor++) if (number % divisor === 0) return false;
  return true;
}
