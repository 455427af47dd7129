// For tests: a golden case is a YAML file whose first document says who asks for what, and whose others are the objects.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parseAllDocuments } from "yaml";
import { buildSnapshot } from "../../model/build.ts";
import { worldOf } from "../../model/testing/world-of.ts";
import type { EncodedResource, ProxyNode } from "../resource.ts";
import { translator } from "../translate.ts";
import { typeWords } from "./readable.ts";

export interface GoldenCase {
  readonly name: string;
  readonly outFile: string;
  readonly proxy: ProxyNode;
  readonly eager: readonly string[];
  readonly shown: readonly { readonly title: string; readonly resource: EncodedResource | undefined }[];
}

const folder = join(import.meta.dirname, "..", "testdata");

/** Names of all cases. */
export function goldenNames(): readonly string[] {
  const suffix = ".in.yaml";
  return readdirSync(folder).flatMap((file) => (file.endsWith(suffix) ? [file.slice(0, -suffix.length)] : []));
}

/** Objects that every case has: the namespace shop with pods and services of which cases speak. */
export const shop = (): string => readFileSync(join(folder, "shop.yaml"), "utf8");

/** Translate one case. */
export function goldenCase(name: string): GoldenCase {
  const [head, ...objects] = parseAllDocuments(readFileSync(join(folder, `${name}.in.yaml`), "utf8"));
  const { proxy = "shop/web-1", type = "sidecar", show } = requestOf(head?.toJS());
  const world = worldOf(shop(), objects.map((document) => String(document)).join("\n---\n"));
  const snapshot = buildSnapshot(world);
  const [namespace = "", pod = ""] = proxy.split("/");
  const address = snapshot.workloads.get(proxy)?.addresses[0] ?? "";
  const node: ProxyNode = { type: type === "gateway" ? "gateway" : "sidecar", namespace, pod, address };
  const shown = show.map((title) => {
    const space = title.indexOf(" ");
    const typeUrl = Object.entries(typeWords).find(([word]) => word === title.slice(0, space))?.[1];
    if (typeUrl === undefined) throw new Error(`${name}: "${title}" does not begin with a type`);
    return { title, resource: translator.resource(snapshot, node, typeUrl, title.slice(space + 1)) };
  });
  const eager = translator.eager(snapshot, node).map((one) => `${one.type.split(".").at(-1) ?? ""} ${one.name}`);
  return { name, outFile: join(folder, `${name}.out.yaml`), proxy: node, eager, shown };
}

interface GoldenRequest {
  readonly proxy?: string;
  readonly type?: string;
  readonly show: readonly string[];
}

function requestOf(value: unknown): GoldenRequest {
  if (typeof value === "object" && value !== null && "show" in value && Array.isArray(value.show))
    return value as GoldenRequest; // Written by us, a few lines above the objects.
  throw new Error("the first document says what to show");
}
