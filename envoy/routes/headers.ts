// Header changes: of a rule, and of one of its destinations.
import { create } from "@bufbuild/protobuf";
import type { HeaderOperations, Headers } from "../../api/http-route.ts";
import {
  type HeaderValueOption,
  HeaderValueOption_HeaderAppendAction,
  HeaderValueOptionSchema,
} from "../proto/envoy/config/core/v3/base_pb.ts";
import { forwarding, type RouteFeature } from "./feature.ts";

/** Whatever has lists of header changes: a route, a weighted cluster. */
interface HeaderTarget {
  requestHeadersToAdd: HeaderValueOption[];
  requestHeadersToRemove: string[];
  responseHeadersToAdd: HeaderValueOption[];
  responseHeadersToRemove: string[];
}

/** `headers` of the rule. */
export const headers: RouteFeature = (route, { spec }) => {
  const action = forwarding(route);
  applyHeaders(route, spec.headers, (host) => {
    if (action !== undefined) action.hostRewriteSpecifier = { case: "hostRewriteLiteral", value: host };
  });
};

/** Add header changes to a target; one of the host header is a rewrite, for Envoy refuses it among the others. */
export function applyHeaders(
  target: HeaderTarget,
  changes: Headers | undefined,
  rewriteHost: (host: string) => void,
): void {
  if (changes?.request !== undefined) {
    const { set = {}, add = {} } = changes.request;
    const host = [...Object.entries(set), ...Object.entries(add)].find(([name]) => isHost(name));
    if (host !== undefined) rewriteHost(host[1]);
    target.requestHeadersToAdd.push(...additions(changes.request));
    target.requestHeadersToRemove.push(...removals(changes.request));
  }
  if (changes?.response !== undefined) {
    target.responseHeadersToAdd.push(...additions(changes.response));
    target.responseHeadersToRemove.push(...removals(changes.response));
  }
}

const { OVERWRITE_IF_EXISTS_OR_ADD, APPEND_IF_EXISTS_OR_ADD } = HeaderValueOption_HeaderAppendAction;

function additions({ set = {}, add = {} }: HeaderOperations): HeaderValueOption[] {
  const options = (entries: Readonly<Record<string, string>>, appendAction: HeaderValueOption["appendAction"]) =>
    Object.entries(entries)
      .filter(([key]) => mayChange(key))
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, value]) =>
        create(HeaderValueOptionSchema, { header: { key, value: headerValue(value) }, appendAction }),
      );
  return [...options(set, OVERWRITE_IF_EXISTS_OR_ADD), ...options(add, APPEND_IF_EXISTS_OR_ADD)];
}

function removals({ remove = [] }: HeaderOperations): string[] {
  return remove.filter(mayChange);
}

const isHost = (name: string): boolean => ["host", ":authority"].includes(name.toLowerCase());

/** Envoy refuses a whole route for a change of the host or of a pseudo-header. */
const mayChange = (name: string): boolean =>
  !isHost(name) && !name.startsWith(":") && /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/.test(name);

/** %% and Envoy's commands, such as %DOWNSTREAM_REMOTE_ADDRESS% and %REQ(x-user):10%. */
const commands = /%%|%[A-Z][A-Z0-9_]*(?:\([^%]*?\))?(?::\d+)?%/g;

/** A value with commands as they are. Where a lone % is among them, all are plain text: Envoy would refuse the value. */
export function headerValue(value: string): string {
  return value.replaceAll(commands, "").includes("%") ? value.replaceAll("%", "%%") : value;
}
