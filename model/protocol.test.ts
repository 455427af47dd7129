import { expect, test } from "vitest";
import { layerOf, protocolOf } from "./protocol.ts";

test.each([
  { port: { name: "http" }, want: "http" },
  { port: { name: "http-web" }, want: "http" },
  { port: { name: "HTTP-web" }, want: "http" },
  { port: { name: "https-web" }, want: "https" },
  { port: { name: "grpc-web" }, want: "grpc-web" },
  { port: { name: "grpc-web-stars" }, want: "grpc-web" },
  { port: { name: "grpc-stars" }, want: "grpc" },
  { port: { name: "web-http" }, want: "sniffed" },
  { port: { name: "httpweb" }, want: "sniffed" },
  { port: {}, want: "sniffed" },
  { port: { name: "constructor" }, want: "sniffed" },
  { port: { name: "http", appProtocol: "constructor" }, want: "sniffed" },
  { port: { number: 3306 }, want: "tcp" },
  { port: { name: "mysql" }, want: "tcp" },
  { port: { name: "http", protocol: "UDP" }, want: "udp" },
  { port: { name: "tcp", appProtocol: "http" }, want: "http" },
  { port: { name: "tcp", appProtocol: "kubernetes.io/h2c" }, want: "http2" },
  { port: { name: "http", appProtocol: "example.com/own" }, want: "sniffed" },
])("protocolOf() makes of $port $want", ({ port, want }) => {
  expect(protocolOf(port)).toBe(want);
});

test.each([
  ["grpc", "http"],
  ["https", "tcp"],
  ["sniffed", "sniffed"],
  ["udp", "none"],
] as const)("layerOf() makes of %s %s", (protocol, want) => {
  expect(layerOf(protocol)).toBe(want);
});
