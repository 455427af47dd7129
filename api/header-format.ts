// Values of headers as Envoy's formatter reads them: %COMMAND%, %COMMAND(argument)%, %COMMAND(argument):length%.
import { argumentCommands, cutCommands, flexibleCommands, plainCommands } from "./envoy-commands.ts";

const command = /^([A-Z][A-Z0-9_]*)(\(([^)]*)\)(:\d+)?)?%/;

/** A command of access logs only, by an extension that Istio adds wherever a format has it. */
export const withoutQuery = "REQ_WITHOUT_QUERY";

/** What is wrong with a value; undefined when nothing is. `isLog`: it is written to an access log. */
export function valueFormatFault(value: string, isLog = false): string | undefined {
  for (let at = value.indexOf("%"); at !== -1; at = value.indexOf("%", at)) {
    if (value[at + 1] === "%") {
      at += 2;
      continue;
    }
    const found = command.exec(value.slice(at + 1));
    if (found === null) return "has a % that begins no command";
    const [, name = "", parameters, argument = "", length] = found;
    // It takes what REQ takes.
    const known = isLog && name === withoutQuery ? "REQ" : name;
    const fault = commandFault(known, parameters === undefined ? undefined : argument) ?? lengthFault(known, length);
    if (fault !== undefined) return `has the command %${found[0]}, ${fault}`;
    at += 1 + found[0].length;
  }
  return undefined;
}

function lengthFault(name: string, length: string | undefined): string | undefined {
  return length === undefined || cutCommands.has(name) ? undefined : "which cannot be cut to a length";
}

function commandFault(name: string, argument: string | undefined): string | undefined {
  if (!plainCommands.has(name) && !argumentCommands.has(name) && !flexibleCommands.has(name)) {
    return "which Envoy does not know";
  }
  if (argument === undefined) return argumentCommands.has(name) ? "which needs an argument" : undefined;
  if (plainCommands.has(name)) return "which takes no argument";
  if (argument === "" && argumentCommands.has(name)) return "whose argument is empty";
  const form = argumentForms[name];
  return form === undefined || form.test(argument) ? undefined : "whose argument Envoy does not know";
}

/** The name of a header, and of another one to take its place. */
const headerName = /^:?[-A-Za-z0-9_.!#$&'*+^`|~]+(\?:?[-A-Za-z0-9_.!#$&'*+^`|~]+)?$/;

/** Words that CEL keeps for itself. */
const reserved =
  "as|break|const|continue|else|false|for|function|if|import|in|let|loop|null|namespace|package|return|true|var|void|while";

const operator = `"(?:${[...plainCommands].join("|")})"`;

/** Commands that take certain arguments only. Each form was tried with Envoy 1.40. */
const argumentForms: Readonly<Record<string, RegExp>> = {
  METADATA: /^(DYNAMIC|CLUSTER|ROUTE|UPSTREAM_HOST|LISTENER|VIRTUAL_HOST|LISTENER_FILTER_CHAIN)(:|$)/,
  COMMON_DURATION: /^[A-Za-z0-9_%.]+:[A-Za-z0-9_%.]+(:(ms|us|ns))?$/,
  // Operators without arguments; the longer form of Envoy's JSON is more than can be told from here.
  COALESCE: new RegExp(`^\\{"operators": ?\\[${operator}(, ?${operator})*\\]\\}$`),
  // An attribute by its path; whole expressions are more than can be told from here.
  CEL: new RegExp(`^(?!(?:${reserved})\\b)[A-Za-z_]\\w*(\\.(?!(?:${reserved})\\b)[A-Za-z_]\\w*|\\['[-\\w]+'\\])*$`),
  FILTER_STATE: /^[^:]+(:(PLAIN|TYPED|FIELD:.+))?$/,
  UPSTREAM_FILTER_STATE: /^[^:]+(:(PLAIN|TYPED|FIELD:.+))?$/,
  PATH: /^(WQ|NQ)?(:(ORIG|PATH|ORIG_OR_PATH))?$/,
  GRPC_STATUS: /^(CAMEL_STRING|SNAKE_STRING|NUMBER)$/,
  REQ: headerName,
  REQUEST_HEADER: headerName,
  RESP: headerName,
  RESPONSE_HEADER: headerName,
  RESPONSE_TRAILER: headerName,
  STREAM_INFO_REQ: headerName,
  TRAILER: headerName,
};
