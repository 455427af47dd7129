// pillion control-plane: the process that proxies and the API server talk to.
import { configUsage, parseConfig } from "../../control-plane/config.ts";
import { runControlPlane } from "../../control-plane/run.ts";
import type { Verb } from "../verb.ts";

export const controlPlane: Verb = {
  name: "control-plane",
  summary: "serve webhooks and proxies, from an API server or a directory of YAML",
  usage: configUsage,
  run: async (args, io) => {
    await runControlPlane(parseConfig(args), { logTo: io.err }, io.signal);
    return 0;
  },
};
