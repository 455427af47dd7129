import { generateKeyPairSync } from "node:crypto";
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { openCa } from "./state.ts";

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "pillion-state-"));
});
afterEach(() => rmSync(directory, { recursive: true }));

const options = { trustDomain: "cluster.local", now: Date.parse("2026-11-01T00:00:00Z") };

test("openCa() makes a CA once and keeps it", () => {
  const first = openCa(join(directory, "new"), options);
  const second = openCa(join(directory, "new"), { ...options, now: options.now + 1_000 });
  expect(second.certificatePem).toBe(first.certificatePem);
  expect(second.privateKey.reveal()).toBe(first.privateKey.reveal());
});

test("openCa() keeps the key from other users", () => {
  openCa(directory, options);
  expect(statSync(join(directory, "ca.key")).mode & 0o077).toBe(0);
  expect(readFileSync(join(directory, "ca.crt"), "utf8")).not.toContain("PRIVATE");
});

test("openCa() makes the certificate again when a start was cut off after the key", () => {
  const first = openCa(directory, options);
  rmSync(join(directory, "ca.crt"));
  expect(openCa(directory, options).privateKey.reveal()).toBe(first.privateKey.reveal());
});

test("openCa() says what to do when the key is damaged", () => {
  writeFileSync(join(directory, "ca.key"), "rubbish");
  expect(() => openCa(directory, options)).toThrow(
    /STATE: the state directory .* remove a damaged ca\.key together with ca\.crt/,
  );
});

test("openCa() makes no key beside a certificate that has lost its own", () => {
  openCa(directory, options);
  rmSync(join(directory, "ca.key"));
  expect(() => openCa(directory, options)).toThrow(/STATE: .* holds ca\.crt without its ca\.key/);
  expect(existsSync(join(directory, "ca.key"))).toBe(false);
});

test("openCa() refuses a key that cannot sign tokens", () => {
  const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-384" });
  writeFileSync(join(directory, "ca.key"), privateKey.export({ type: "pkcs8", format: "pem" }));
  expect(() => openCa(directory, options)).toThrow(/STATE: .*ca\.key is not a P-256 key/);
});
