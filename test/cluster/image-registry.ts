// A registry, read only, of the images that were built: for manifests that say `imagePullPolicy: Always`, as people apply them.
// @see https://github.com/opencontainers/distribution-spec/blob/main/spec.md#pull
import { createReadStream, existsSync, readFileSync, statSync } from "node:fs";
import { createServer, type ServerResponse } from "node:http";
import { join } from "node:path";

interface Named {
  readonly mediaType: string;
  readonly digest: string;
  readonly annotations: Readonly<Record<string, string>>;
}

/**
 * Serve the OCI layout of a folder on a port of this machine's loopback.
 * @returns how to end it; nothing is to end where somebody serves there already
 */
export async function serveImages(layout: string, port: number): Promise<() => void> {
  const server = createServer((request, response) => {
    const url = new URL(request.url ?? "/", "http://registry");
    const [, repository, kind, reference] = /^\/v2\/(.+)\/(manifests|blobs)\/([^/]+)$/.exec(url.pathname) ?? [];
    if (url.pathname === "/v2/") return response.end();
    const found =
      kind === "manifests" && !reference?.startsWith("sha256:")
        ? byName(layout, `${url.searchParams.get("ns") ?? "docker.io"}/${repository}:${reference}`)
        : { digest: reference ?? "", mediaType: mediaTypeOf(layout, kind, reference) };
    return sendBlob(layout, found, request.method === "HEAD", response);
  });
  return new Promise((resolve, reject) => {
    server.once("error", (error: NodeJS.ErrnoException) =>
      error.code === "EADDRINUSE" ? resolve(() => undefined) : reject(error),
    );
    server.listen(port, "127.0.0.1", () => resolve(() => server.close()));
    server.unref();
  });
}

const pathOf = (layout: string, digest: string): string => join(layout, "blobs", ...digest.split(":"));

function byName(layout: string, name: string): Pick<Named, "digest" | "mediaType"> | undefined {
  // The form is the specification's, and image-archive.ts wrote it.
  const index = JSON.parse(readFileSync(join(layout, "index.json"), "utf8")) as { manifests: readonly Named[] };
  return index.manifests.find(({ annotations }) => annotations["org.opencontainers.image.ref.name"] === name);
}

function mediaTypeOf(layout: string, kind: string | undefined, digest = ""): string {
  if (kind !== "manifests" || !existsSync(pathOf(layout, digest))) return "application/octet-stream";
  return (JSON.parse(readFileSync(pathOf(layout, digest), "utf8")) as Named).mediaType;
}

function sendBlob(
  layout: string,
  found: Pick<Named, "digest" | "mediaType"> | undefined,
  isHead: boolean,
  response: ServerResponse,
): void {
  if (found === undefined || !/^sha256:[0-9a-f]{64}$/.test(found.digest) || !existsSync(pathOf(layout, found.digest))) {
    response.writeHead(404).end();
    return;
  }
  const path = pathOf(layout, found.digest);
  const headers = { "content-length": statSync(path).size, "docker-content-digest": found.digest };
  response.writeHead(200, { "content-type": found.mediaType, ...headers });
  if (isHead) response.end();
  else createReadStream(path).pipe(response);
}
