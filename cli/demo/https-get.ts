// One GET to the control plane's own port on this machine.
import { get } from "node:https";

/**
 * The body of the answer, whatever its status.
 * The certificate is not checked: it is read from our own child process over loopback, and nothing secret is asked for.
 */
export async function httpsGet(port: number, path: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const request = get(
      { host: "127.0.0.1", port, path, rejectUnauthorized: false, agent: false, timeout: 5_000 },
      (response) => {
        const chunks: Buffer[] = [];
        response.on("data", (chunk: Buffer) => chunks.push(chunk));
        response.on("end", () => resolve(Buffer.concat(chunks).toString("utf8")));
        response.on("error", reject);
      },
    );
    request.on("timeout", () => request.destroy(new Error("no answer within 5 s")));
    request.on("error", reject);
  });
}
