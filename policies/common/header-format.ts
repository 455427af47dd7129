// Values of headers as Envoy's formatter reads them: %COMMAND%, %COMMAND(argument)%, %COMMAND(argument):length%.
import { argumentCommands, flexibleCommands, plainCommands } from "./envoy-commands.ts";

const command = /^([A-Z][A-Z0-9_]*)(\(([^)]*)\)(:\d+)?)?%/;

/** What is wrong with a value; undefined when nothing is. */
export function valueFormatFault(value: string): string | undefined {
  for (let at = value.indexOf("%"); at !== -1; at = value.indexOf("%", at)) {
    if (value[at + 1] === "%") {
      at += 2;
      continue;
    }
    const found = command.exec(value.slice(at + 1));
    if (found === null) return "has a % that begins no command";
    const fault = commandFault(found[1] ?? "", found[2] === undefined ? undefined : (found[3] ?? ""));
    if (fault !== undefined) return `has the command %${found[0]}, ${fault}`;
    at += 1 + found[0].length;
  }
  return undefined;
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

/** Commands that take certain arguments only. */
const argumentForms: Readonly<Record<string, RegExp>> = {
  METADATA: /^(DYNAMIC|CLUSTER|ROUTE|UPSTREAM_HOST|LISTENER|VIRTUAL_HOST|LISTENER_FILTER_CHAIN)(:|$)/,
  COMMON_DURATION: /^[A-Za-z0-9_%.]+:[A-Za-z0-9_%.]+(:(ms|us|ns))?$/,
  COALESCE: /^\{.*\}$/,
  FILTER_STATE: /^[^:]+(:(PLAIN|TYPED|FIELD:.+))?$/,
  UPSTREAM_FILTER_STATE: /^[^:]+(:(PLAIN|TYPED|FIELD:.+))?$/,
  PATH: /^(WQ|NQ)?(:(ORIG|PATH|ORIG_OR_PATH))?$/,
  GRPC_STATUS: /^(CAMEL_STRING|SNAKE_STRING|NUMBER)$/,
};
