// What the rules let into the values of headers, Envoy takes: every command, with arguments that suit it and others.
import { create } from "@bufbuild/protobuf";
import { afterAll, beforeAll, expect, test } from "vitest";
import { argumentCommands, flexibleCommands, plainCommands } from "../../api/envoy-commands.ts";
import { valueFormatFault } from "../../api/header-format.ts";
import { encode } from "../../envoy/encode.ts";
import { VirtualHostSchema } from "../../envoy/proto/envoy/config/route/v3/route_components_pb.ts";
import { typeUrls } from "../../envoy/resource.ts";
import { type Judge, startJudge } from "./judge.ts";

let judge: Judge;
beforeAll(async () => {
  judge = await startJudge();
});
afterAll(async () => judge?.stop());

const commands = [...plainCommands, ...argumentCommands, ...flexibleCommands];
const values =
  'a a?b :path :authority?x a:b a:b:c a:b:c:d %Y-%m-%d %s %f %10f PLAIN a:PLAIN a:TYPED a:FIELD:x a:FIELD: a:FIELD DYNAMIC:a:b DYNAMIC DYNAMIC: DYNAMIC:a CLUSTER:a ROUTE:a:b LISTENER:a UPSTREAM_HOST:a QUERY NUMBER CAMEL_STRING ORIG NQ WQ:PATH NQ:ORIG_OR_PATH DS_RX_BEG:US_TX_END:ms DS_RX_BEG:US_TX_END:s {} {"a":1} 10 -1 com.example.key in.a a.in true a[0] a[\'b\'] ?a a? a?b?c a"b \\ a,b @a é a|b'
    .split(" ")
    .concat("", " ", "a ", '{"operators": ["PROTOCOL", "DURATION"]}');

/** Whether Envoy takes the value; undefined: it does. */
async function refusal(value: string): Promise<string | undefined> {
  const message = create(VirtualHostSchema, {
    name: "format",
    domains: ["*"],
    requestHeadersToAdd: [{ header: { key: "x-a", value } }],
    routes: [
      {
        match: { pathSpecifier: { case: "prefix", value: "/" } },
        action: { case: "directResponse", value: { status: 200 } },
      },
    ],
  });
  return judge.verdict(encode(typeUrls.virtualHost, "format", VirtualHostSchema, { message }));
}

test.each(commands)("Envoy takes every form of %s that valueFormatFault() lets through", async (name) => {
  const lengths = ["", ":5", ":0", ":99999999999"];
  const forms = values.flatMap((value) => lengths.map((length) => `%${name}(${value})${length}%`));
  const poison: string[] = [];
  for (const form of [`%${name}%`, `%${name}:5%`, ...forms]) {
    if (valueFormatFault(form) === undefined && (await refusal(form)) !== undefined) poison.push(form);
  }
  expect(poison).toEqual([]);
});
