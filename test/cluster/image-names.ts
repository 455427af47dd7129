// The names under which manifests and tutorials ask for images, and what a container of each runs.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { findImage, parseCatalogue } from "../../sandbox/images.ts";
import { root } from "./commands.ts";

export const hub = "docker.io/pillion";
/** The tag of the images under test. */
export const tag = "test";
/** A second tag of the same control plane and proxy, to upgrade to. */
export const nextTag = "test-next";

/** What a container runs, in the words of an image's configuration. */
export interface ImageConfig {
  readonly entrypoint: readonly string[];
  readonly cmd: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}

const bookinfo = (service: string): readonly string[] =>
  ["docker.io/istio/examples-bookinfo-", "registry.istio.io/release/examples-bookinfo-"].flatMap((prefix) =>
    ["1.16.2", "1.17.0", "1.18.0", "1.20.3"].map((tag) => `${prefix}${service}:${tag}`),
  );

/** Names that samples/images.yaml knows. */
const catalogued: readonly string[] = [
  ...["productpage-v1", "details-v1", "ratings-v1", "reviews-v1", "reviews-v2", "reviews-v3"].flatMap(bookinfo),
  ...["productpage", "details", "ratings", "reviews"].map((service) => `docker.io/pillion/bookinfo-${service}:1.0`),
  ...["httpbin", "shell", "load", "echo"].map((name) => `docker.io/pillion/${name}:1.0`),
  "registry.istio.io/release/examples-helloworld-v1:1.0",
  "registry.istio.io/release/examples-helloworld-v2:1.0",
  "registry.istio.io/release/tcp-echo-server:1.3",
  "docker.io/istio/tcp-echo-server:1.3",
  "docker.io/kennethreitz/httpbin:latest",
  "docker.io/mccutchen/go-httpbin:v2.15.0",
  "docker.io/curlimages/curl:latest",
  "docker.io/curlimages/curl:8.16.0",
  "docker.io/fortio/fortio:latest_release",
];

const plain = (...cmd: readonly string[]): ImageConfig => ({ entrypoint: [], cmd, env: {} });
const page = (text: string): ImageConfig =>
  plain("/bin/sh", "-c", `echo '${text}' >/var/www/html/index.html && exec nginx -g 'daemon off;'`);

/** Names of tutorials, where the image on the node is more than the sandbox's stand-in. */
const own: Readonly<Record<string, ImageConfig>> = {
  "docker.io/library/busybox:latest": plain("sh"),
  "docker.io/library/busybox:1.28": plain("sh"),
  "docker.io/library/nginx:latest": page("nginx"),
  "docker.io/xianchao/canary:v1": page("canary-v1"),
  "docker.io/xianchao/canary:v2": page("canary-v2"),
  "docker.io/kubeguide/tomcat-app:v1": plain("node", "/app/dist/samples/echo/echo.js", "--port", "8080"),
};

/** Every name with its configuration. @throws Error when the catalogue misses one. */
export function imageNames(): ReadonlyMap<string, ImageConfig> {
  const catalogue = parseCatalogue(readFileSync(join(root, "samples", "images.yaml"), "utf8"), { dist: "/app/dist" });
  const named = catalogued.map((name): [string, ImageConfig] => {
    const image = findImage(catalogue, name);
    if (image === undefined) throw new Error(`samples/images.yaml does not know ${name}.`);
    return [name, image];
  });
  return new Map([...named, ...Object.entries(own)]);
}
