// Load for a webhook: reviews over HTTPS with HTTP/2, as an API server sends them, and how long each answer took.
import { type ClientHttp2Session, connect } from "node:http2";

/** As many as a large cluster's API servers have. */
const connections = 4;
/** Requests under way on each connection. */
const together = 4;

export interface Load {
  /** Send so many; gives the milliseconds of each. @throws when an answer is not what `isGood` says. */
  send(count: number): Promise<readonly number[]>;
  close(): void;
}

/** Connect to a webhook on loopback; its certificate plays no part. */
export function loadOn(port: number, body: string, isGood: (answer: string) => boolean): Load {
  const sessions = Array.from({ length: connections }, () =>
    connect(`https://127.0.0.1:${port}`, { rejectUnauthorized: false }),
  );
  return {
    async send(count) {
      const times: number[] = [];
      let left = count;
      const work = async (session: ClientHttp2Session): Promise<void> => {
        while (left-- > 0) {
          const begin = performance.now();
          const answer = await post(session, body);
          times.push(performance.now() - begin);
          if (!isGood(answer)) throw new Error(`not the answer that was expected: ${answer.slice(0, 500)}`);
        }
      };
      await Promise.all(sessions.flatMap((session) => Array.from({ length: together }, () => work(session))));
      return times;
    },
    close: () => {
      for (const session of sessions) session.close();
    },
  };
}

function post(session: ClientHttp2Session, body: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const stream = session.request({
      ":path": "/inject",
      ":method": "POST",
      "content-type": "application/json",
      "content-length": Buffer.byteLength(body),
    });
    let text = "";
    stream.setEncoding("utf8");
    stream.on("data", (part: string) => {
      text += part;
    });
    stream.on("end", () => resolve(text)).on("error", reject);
    stream.end(body);
  });
}
