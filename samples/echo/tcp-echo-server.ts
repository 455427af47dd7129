/**
 * TCP servers that answer every line with "PREFIX line"; where the server speaks first, it greets before.
 */
import { createServer, type Server, type Socket } from "node:net";

/** Settings of a TCP echo. */
export interface TcpEchoOptions {
  /** Stands before every line that is sent back. */
  readonly prefix: string;
  /** Sent as soon as a client connects, as SMTP or MySQL servers do. */
  readonly greeting?: string;
}

/** Longest line that is waited for; a longer one ends the connection. */
const lineLimitBytes = 1024 * 1024;

/** A server that echoes lines. Clients may half-close: what they sent is answered before the end. */
export function createTcpEchoServer(options: TcpEchoOptions): Server {
  return createServer({ allowHalfOpen: true }, (socket) => {
    // Clients that leave with a reset are no failure of the server.
    socket.on("error", () => socket.destroy());
    if (options.greeting !== undefined) socket.write(`${options.greeting}\n`);
    echoLines(socket, options.prefix);
  });
}

function echoLines(socket: Socket, prefix: string): void {
  let waiting = "";
  socket.setEncoding("utf8");
  socket.on("data", (chunk) => {
    const lines = `${waiting}${chunk.toString()}`.split("\n");
    waiting = lines.pop() ?? "";
    if (waiting.length > lineLimitBytes) socket.destroy();
    else if (!socket.write(lines.map((line) => `${prefix} ${line}\n`).join(""))) {
      socket.pause();
      socket.once("drain", () => socket.resume());
    }
  });
  socket.on("end", () => socket.end(waiting === "" ? "" : `${prefix} ${waiting}`));
}
