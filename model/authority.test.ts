import { expect, test } from "vitest";
import { canonicalAddress } from "./authority.ts";

test.each([
  { text: "10.0.0.1", want: "10.0.0.1" },
  { text: "10.0.0.1/32", want: "10.0.0.1" },
  { text: "10.0.0.0/8", want: "10.0.0.0/8" },
  { text: "10.0.0.0/08", want: "10.0.0.0/8" },
  { text: "10.1.2.3/8", want: "10.0.0.0/8" },
  { text: "0.0.0.0/0", want: "0.0.0.0/0" },
  { text: "fd00:0:0::1", want: "fd00::1" },
  { text: "FD00::1/128", want: "fd00::1" },
  { text: "fd00::5/64", want: "fd00::/64" },
  { text: "fe80::1%eth0", want: "fe80::1%eth0" },
  { text: "10.0.0.0/33", want: "10.0.0.0/33" },
  { text: "a.example", want: "a.example" },
])("canonicalAddress() gives $want for $text", ({ text, want }) => {
  expect(canonicalAddress(text)).toBe(want);
});
