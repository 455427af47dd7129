import { expect, test } from "vitest";
import type { JsonObject } from "./json.ts";
import { mergeContainer } from "./merge.ts";

const ours: JsonObject = {
  name: "istio-proxy",
  image: "proxy:1",
  command: ["envoy"],
  args: ["-c", "x"],
  env: [
    { name: "A", value: "1" },
    { name: "B", valueFrom: { fieldRef: { fieldPath: "x" } } },
  ],
  ports: [{ containerPort: 15_090, name: "prom", protocol: "TCP" }],
  resources: { limits: { cpu: "2", memory: "1Gi" } },
  lifecycle: { preStop: { sleep: { seconds: 2 } } },
  readinessProbe: { httpGet: { path: "/healthz/ready", port: 15_021 }, periodSeconds: 15 },
};

test.each<{ readonly name: string; readonly theirs: JsonObject; readonly want: JsonObject }>([
  { name: "keeps our image for auto", theirs: { image: "auto" }, want: {} },
  {
    name: "takes the API server's policy for auto away",
    theirs: { image: "auto", imagePullPolicy: "Always" },
    want: {},
  },
  {
    name: "keeps another policy for auto",
    theirs: { image: "auto", imagePullPolicy: "Never" },
    want: { imagePullPolicy: "Never" },
  },
  { name: "takes another image", theirs: { image: "mine:2" }, want: { image: "mine:2" } },
  {
    name: "merges resources",
    theirs: { resources: { limits: { cpu: "3" } } },
    want: { resources: { limits: { cpu: "3", memory: "1Gi" } } },
  },
  {
    name: "replaces variables by name, as a whole",
    theirs: {
      env: [
        { name: "B", value: "2" },
        { name: "C", value: "3" },
      ],
    },
    want: {
      env: [
        { name: "A", value: "1" },
        { name: "B", value: "2" },
        { name: "C", value: "3" },
      ],
    },
  },
  {
    name: "adds ports, TCP being the default",
    theirs: { ports: [{ containerPort: 80 }, { containerPort: 15_090, name: "metrics" }] },
    want: { ports: [{ containerPort: 15_090, name: "metrics" }, { containerPort: 80 }] },
  },
  {
    name: "has one action in a hook",
    theirs: { lifecycle: { preStop: { exec: { command: ["x"] } } } },
    want: { lifecycle: { preStop: { exec: { command: ["x"] } } } },
  },
  {
    name: "keeps a probe's action when only its times change",
    theirs: { readinessProbe: { periodSeconds: 1 } },
    want: { readinessProbe: { httpGet: { path: "/healthz/ready", port: 15_021 }, periodSeconds: 1 } },
  },
  { name: "removes what is null", theirs: { resources: null }, want: { resources: undefined as never } },
  { name: "keeps fields that it does not know", theirs: { futureField: [1] }, want: { futureField: [1] } },
])("mergeContainer() $name", ({ theirs, want }) => {
  expect(mergeContainer(ours, theirs)).toEqual({ ...ours, ...want });
});

test("mergeContainer() drops our command where the arguments are theirs", () => {
  expect(mergeContainer(ours, { args: ["my"] })).not.toHaveProperty("command");
});
