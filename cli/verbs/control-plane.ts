// pillion control-plane: the process that proxies and the API server talk to.
import { configUsage, parseConfig } from "../../control-plane/config.ts";
import { runControlPlane } from "../../control-plane/run.ts";
import type { Verb } from "../verb.ts";

export const controlPlane: Verb = {
  name: "control-plane",
  summary: "serve webhooks and proxies from a directory of YAML",
  usage: configUsage,
  run: async (args, io) => {
    const failure = await runControlPlane(parseConfig(args), { logTo: io.err }, io.signal);
    if (failure === undefined) return 0;
    io.err.write(`pillion control-plane: ${failure}\n`);
    return 2;
  },
};
