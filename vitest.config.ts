// One project a test tier (docs/ARCHITECTURE.md, "Tests"); each names its own limit for a hung test.
import { defineConfig } from "vitest/config";

const tier = (name: string, include: string[], timeoutMs: number, extra: object = {}) => ({
  test: { name, include, testTimeout: timeoutMs, hookTimeout: timeoutMs, exclude: ["node_modules", "dist"], ...extra },
});
const alone = { fileParallelism: false };

export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: "unit",
          include: ["**/*.test.ts"],
          exclude: ["node_modules", "dist", "test/{envoy,sandbox,apiserver,cluster,corpora}/**"],
          testTimeout: 5_000,
        },
      },
      tier("envoy", ["test/envoy/**/*.test.ts"], 60_000, alone),
      tier("sandbox", ["test/sandbox/**/*.test.ts"], 300_000, alone),
      tier("apiserver", ["test/apiserver/**/*.test.ts"], 120_000, alone),
      tier("cluster", ["test/cluster/**/*.test.ts"], 600_000, { ...alone, globalSetup: ["test/cluster/set-up.ts"] }),
      tier("corpora", ["test/corpora/**/*.test.ts"], 120_000, alone),
    ],
  },
});
