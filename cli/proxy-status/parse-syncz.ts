// What a control plane answered, read once. It may be older or newer than this program: what is missing is empty.

import {
  type SyncType,
  type Syncz,
  type SynczDetail,
  type SynczError,
  type SynczProxy,
  type SynczType,
  syncTypes,
} from "../../control-plane/syncz.ts";
import { isList, isObject, type Json, type JsonObject, listAt, objectAt, textAt } from "../../injector/json.ts";

/** undefined: whoever answered is no control plane of Pillion. */
export function parseSyncz(body: unknown): Syncz | undefined {
  const json = body as Json; // The client parsed it from JSON, or it is text.
  if (!isObject(json) || json["controlPlane"] !== "pillion") return undefined;
  return {
    controlPlane: "pillion",
    revision: textIn(json, "revision"),
    proxies: listAt(json, "proxies").map(parseProxy),
  };
}

function parseProxy(proxy: JsonObject): SynczProxy {
  const hosts = objectAt(proxy, "hosts");
  const sent = proxy["lastSentSeconds"];
  return {
    name: textIn(proxy, "name"),
    cluster: textIn(proxy, "cluster"),
    type: proxy["type"] === "gateway" ? "gateway" : "sidecar",
    revision: textIn(proxy, "revision"),
    envoyVersion: textIn(proxy, "envoyVersion"),
    connectedSeconds: Number(proxy["connectedSeconds"] ?? 0),
    ...(typeof sent === "number" ? { lastSentSeconds: sent } : {}),
    types: {
      CDS: parseType(proxy, "CDS"),
      LDS: parseType(proxy, "LDS"),
      EDS: parseType(proxy, "EDS"),
      RDS: parseType(proxy, "RDS"),
      VHDS: parseType(proxy, "VHDS"),
      SDS: parseType(proxy, "SDS"),
      ECDS: parseType(proxy, "ECDS"),
    },
    hosts: { held: Number(hosts["held"] ?? 0), learned: Number(hosts["learned"] ?? 0), full: hosts["full"] === true },
    errors: listAt(proxy, "errors").map(parseError),
    ...(isObject(proxy["detail"]) ? { detail: parseDetail(proxy["detail"]) } : {}),
  };
}

const states: readonly SynczType["status"][] = ["SYNCED", "STALE", "NOT SENT", "ERROR"];

function parseType(proxy: JsonObject, type: SyncType): SynczType {
  const given = objectAt(proxy, "types", type);
  const age = given["ageSeconds"];
  return {
    status: states.find((state) => state === given["status"]) ?? "NOT SENT",
    ...(typeof age === "number" ? { ageSeconds: age } : {}),
    resources: Number(given["resources"] ?? 0),
  };
}

function parseError(error: JsonObject): SynczError {
  return {
    type: syncTypes.find((type) => type === error["type"]) ?? "CDS",
    resource: textIn(error, "resource"),
    message: textIn(error, "message"),
    objects: textsIn(error, "objects"),
  };
}

function parseDetail(detail: JsonObject): SynczDetail {
  return {
    hosts: textsIn(detail, "hosts"),
    unacknowledged: textsIn(detail, "unacknowledged"),
    waiting: textsIn(detail, "waiting"),
    late: textsIn(detail, "late"),
  };
}

/** Envoy quotes what users wrote, and that goes to a terminal: one line, without its control characters. */
const plain = (text: string): string => text.replaceAll(/[\p{Cc}\u2028\u2029]+/gu, " ").trim();

const textIn = (from: JsonObject, key: string): string => plain(textAt(from, key));

function textsIn(from: JsonObject, key: string): readonly string[] {
  const list = from[key];
  return isList(list) ? list.filter((one) => typeof one === "string").map(plain) : [];
}
