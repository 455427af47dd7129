// What WasmPlugin and TrafficExtension have in common.
import { enumeration, list, object, open, portNumber, required, type Static, string } from "./schema.ts";

/** Where a program is, how it is loaded, and what it is told. */
export const wasmFields = {
  url: required(string("Where the program is: oci://, https://, http:// or file://", { minLength: 1 })),
  sha256: string("SHA-256 of the program, in hex"),
  imagePullPolicy: enumeration("When it is fetched anew", ["UNSPECIFIED_POLICY", "IfNotPresent", "Always"]),
  imagePullSecret: string("Secret for the registry", { minLength: 1, maxLength: 253 }),
  verificationKey: string("Has no effect in any version"),
  pluginConfig: open("What the program is told", {}),
  pluginName: string("Name of the plugin inside of the program", { minLength: 1, maxLength: 256 }),
  failStrategy: enumeration("What happens when it does not load", ["FAIL_CLOSE", "FAIL_OPEN", "FAIL_RELOAD"]),
  vmConfig: object("The machine that it runs in", {
    env: list(
      "Environment variables",
      object("One variable", {
        name: required(string("Name", { minLength: 1, maxLength: 256 })),
        valueFrom: enumeration("Written here, or the proxy's own", ["INLINE", "HOST"]),
        value: string("Value", { maxLength: 2048 }),
      }),
      { maxItems: 256 },
    ),
  }),
  type: enumeration("What it filters", ["UNSPECIFIED_PLUGIN_TYPE", "HTTP", "NETWORK"]),
};

/** On which connections it acts. */
export const extensionMatch = list(
  "Connections that it is for; all by default",
  object("One set of conditions", {
    mode: enumeration("On which side of a call", ["UNDEFINED", "CLIENT", "SERVER", "CLIENT_AND_SERVER"]),
    ports: list("Ports", object("One port", { number: required(portNumber("Port number")) })),
  }),
);

const wasmConfig = object("The fields of both", wasmFields);

export type WasmConfig = Static<typeof wasmConfig>;
export type ExtensionMatch = Static<typeof extensionMatch>[number];
