import { expect, test } from "vitest";
import { ageText, cell, header, missingRow, proxyRow } from "./rows.ts";
import { proxyWith, typeIn } from "./testing/proxy.ts";

test("proxyRow() fills Istio's columns", () => {
  const types = { CDS: typeIn("SYNCED", 12), LDS: typeIn("STALE", 3), EDS: typeIn("ERROR", 200) };
  const row = proxyRow(proxyWith({ ...types, RDS: typeIn("SYNCED", 4) }));
  expect(Object.fromEntries(header.map((name, index) => [name, row[index]]))).toEqual({
    NAME: "web-1.shop",
    CLUSTER: "Kubernetes",
    CDS: "SYNCED (12s)",
    LDS: "STALE (3s)",
    EDS: "ERROR (3m)",
    RDS: "SYNCED (4s)",
    ECDS: "NOT SENT",
    ISTIOD: "istiod-1",
    VERSION: "1.40.0",
  });
});

const synced = typeIn("SYNCED", 9);

test.each([
  { name: "a refused host", RDS: synced, VHDS: typeIn("ERROR", 5), want: "ERROR (5s)" },
  { name: "a host that is not acknowledged", RDS: synced, VHDS: typeIn("STALE", 5), want: "STALE (5s)" },
  {
    name: "a refused route, though a host waits",
    RDS: typeIn("ERROR", 1),
    VHDS: typeIn("STALE", 5),
    want: "ERROR (1s)",
  },
  { name: "the last word where both are well", RDS: synced, VHDS: typeIn("SYNCED", 5), want: "SYNCED (5s)" },
  { name: "the last word, whoever said it", RDS: typeIn("SYNCED", 2), VHDS: synced, want: "SYNCED (2s)" },
  { name: "the longer wait", RDS: typeIn("STALE", 2), VHDS: typeIn("STALE", 5), want: "STALE (5s)" },
  { name: "routes without hosts", RDS: synced, want: "SYNCED (9s)" },
])("proxyRow() shows under RDS $name", ({ want, name: _, ...types }) => {
  expect(proxyRow(proxyWith(types))[header.indexOf("RDS")]).toBe(want);
});

test("missingRow() has a cell for every column, none of them empty", () => {
  const row = missingRow("web-2.shop", "Kubernetes");
  expect(row).toHaveLength(header.length);
  expect(row.slice(0, 3)).toEqual(["web-2.shop", "Kubernetes", "NOT CONNECTED"]);
  expect(row.every((text) => text !== "")).toBe(true);
});

test("cell() has no age for what was not sent", () => {
  expect(cell({ status: "NOT SENT", resources: 0 })).toBe("NOT SENT");
});

test.each([
  { seconds: 0, want: "0s" },
  { seconds: 119, want: "119s" },
  { seconds: 120, want: "2m" },
  { seconds: 7_199, want: "119m" },
  { seconds: 7_200, want: "2h" },
  { seconds: 172_800, want: "2d" },
])("ageText() writes $seconds s as $want", ({ seconds, want }) => {
  expect(ageText(seconds)).toBe(want);
});
