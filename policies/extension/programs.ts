// WebAssembly and Lua programs: where they come from and what they are told.
import type { ObjectOf } from "../../api/kinds.ts";
import type { WasmConfig } from "../../api/wasm-fields.ts";
import { child, type JsonPath, jsonPath } from "../../base/json-path.ts";
import { complaint } from "../complaint.ts";
import { type Complaint, rule } from "../rule.ts";
import { items } from "../virtual-service/walk.ts";

/** A program can be fetched and told apart. */
export const programs = rule({
  code: "PIL1911",
  kinds: ["WasmPlugin", "TrafficExtension"],
  enforcement: "deny",
  summary: "a program has an address that it can be fetched from",
  *check(object): Iterable<Complaint> {
    const found = programOf(object);
    if (found !== undefined) yield* programFaults(found.program, found.path);
    if (object.kind !== "TrafficExtension") return;
    const { wasm, lua } = object.spec;
    if ((wasm === undefined) !== (lua === undefined)) return;
    const problem = wasm === undefined ? "there is no program" : "wasm and lua are set";
    yield complaint(jsonPath("spec"), problem, "An extension is one program", "Write wasm or lua, one of them");
  },
});

function programOf(object: ObjectOf<"WasmPlugin" | "TrafficExtension">) {
  if (object.kind === "WasmPlugin") return { program: object.spec, path: jsonPath("spec") };
  const { wasm } = object.spec;
  return wasm === undefined ? undefined : { program: wasm, path: jsonPath("spec", "wasm") };
}

function* programFaults({ url, sha256 = "", vmConfig }: WasmConfig, path: JsonPath): Iterable<Complaint> {
  const fault = urlFault(url);
  if (fault !== undefined) {
    const fix = "Write oci://registry/image:tag, or an https://, http:// or file:// address";
    yield complaint(child(path, "url"), `"${url}" ${fault}`, "The program could not be fetched", fix);
  }
  if (sha256 !== "" && !/^[a-f0-9]{64}$/.test(sha256)) {
    const fix = "Write 64 digits of 0-9 and a-f, as sha256sum prints them";
    yield complaint(child(path, "sha256"), `"${sha256}" is no SHA-256`, "No program could have it", fix);
  }
  const names = new Set<string>();
  for (const { value, path: place } of items(vmConfig?.env, child(path, "vmConfig", "env"))) {
    if (names.has(value.name)) {
      const problem = `the variable "${value.name}" is there twice`;
      yield complaint(child(place, "name"), problem, "A variable has one value", "Keep one of them");
    }
    names.add(value.name);
    if (value.valueFrom === "HOST" && value.value !== undefined) {
      const reason = "The value of the proxy's own variable is taken";
      yield complaint(child(place, "value"), "a value is set, and valueFrom is HOST", reason, "Keep one of them");
    }
  }
}

function urlFault(url: string): string | undefined {
  const scheme = /^([a-z][a-z0-9+.-]*):\/\//i.exec(url)?.[1]?.toLowerCase();
  if (scheme !== undefined && !["oci", "http", "https", "file"].includes(scheme)) {
    return `has the scheme "${scheme}", which is none that programs are fetched by`;
  }
  // Without a scheme it names an image: registry/image:tag.
  const address = scheme === undefined ? `http://${url}` : url;
  if (scheme !== "file" && URL.canParse(address) && new URL(address).host === "") return "names no host";
  return URL.canParse(address) && !/%(?![0-9A-Fa-f]{2})/.test(url) ? undefined : "is no address";
}
