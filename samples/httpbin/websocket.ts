/** A WebSocket that sends every message back, by hand over the upgrade event. @see RFC 6455 */
import { createHash } from "node:crypto";
import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";

/** One frame of the wire. */
export interface Frame {
  /** Whether the message ends with it. */
  readonly final: boolean;
  readonly opcode: number;
  /** Unmasked. */
  readonly payload: Buffer;
}

/** Opcodes of RFC 6455, section 5.2. */
export const opcodes = { continuation: 0, text: 1, binary: 2, close: 8, ping: 9, pong: 10 } as const;

/** Longest message that is taken. */
const limitBytes = 1024 * 1024;

/** Shakes hands and echoes until either side closes; answers 400 to what is no WebSocket handshake. */
export function echoWebSocket(request: IncomingMessage, socket: Duplex, head: Buffer): void {
  const key = request.headers["sec-websocket-key"];
  socket.on("error", () => socket.destroy());
  if (request.headers.upgrade?.toLowerCase() !== "websocket" || key === undefined) {
    socket.end("HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Length: 0\r\n\r\n");
    return;
  }
  const accepted = acceptKey(key);
  socket.write(
    `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accepted}\r\n\r\n`,
  );
  echoFrames(socket, head);
}

/** The answer to a handshake's key. @see RFC 6455, section 4.2.2 */
export function acceptKey(key: string): string {
  return createHash("sha1").update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest("base64");
}

/** The first frame in `buffer` and how long it is; `undefined` until all of it is there. @throws RangeError when too long. */
export function decodeFrame(buffer: Buffer): { frame: Frame; size: number } | undefined {
  if (buffer.length < 2) return undefined;
  const [first = 0, second = 0] = buffer;
  const short = second & 0x7f;
  const lengthSize = short === 127 ? 8 : short === 126 ? 2 : 0;
  const maskSize = second & 0x80 ? 4 : 0;
  const start = 2 + lengthSize + maskSize;
  if (buffer.length < start) return undefined;
  const length =
    lengthSize === 8 ? Number(buffer.readBigUInt64BE(2)) : lengthSize === 2 ? buffer.readUInt16BE(2) : short;
  if (length > limitBytes) throw new RangeError(`a frame of ${length} bytes is longer than ${limitBytes}`);
  if (buffer.length < start + length) return undefined;
  const mask = buffer.subarray(start - maskSize, start);
  const payload = Buffer.from(buffer.subarray(start, start + length));
  if (maskSize > 0) for (const [index, byte] of payload.entries()) payload[index] = byte ^ (mask[index % 4] ?? 0);
  return { frame: { final: (first & 0x80) !== 0, opcode: first & 0x0f, payload }, size: start + length };
}

/** A frame as bytes; clients give a `mask` of four bytes, servers none. */
export function encodeFrame({ final, opcode, payload }: Frame, mask?: Buffer): Buffer {
  const length = payload.length;
  const head = Buffer.alloc(length > 65_535 ? 10 : length > 125 ? 4 : 2);
  head[0] = (final ? 0x80 : 0) | opcode;
  head[1] = (mask ? 0x80 : 0) | (length > 65_535 ? 127 : length > 125 ? 126 : length);
  if (length > 65_535) head.writeBigUInt64BE(BigInt(length), 2);
  else if (length > 125) head.writeUInt16BE(length, 2);
  if (!mask) return Buffer.concat([head, payload]);
  const masked = Buffer.from(payload.map((byte, index) => byte ^ (mask[index % 4] ?? 0)));
  return Buffer.concat([head, mask, masked]);
}

function echoFrames(socket: Duplex, head: Buffer): void {
  let waiting: Buffer = head;
  let message: { opcode: number; parts: Buffer[]; size: number } | undefined;
  const reply = (opcode: number, payload: Buffer): void => {
    if (!socket.write(encodeFrame({ final: true, opcode, payload }))) {
      socket.pause();
      socket.once("drain", () => socket.resume());
    }
  };
  const close = (code: number): void => {
    const payload = Buffer.alloc(2);
    payload.writeUInt16BE(code);
    socket.end(encodeFrame({ final: true, opcode: opcodes.close, payload }));
  };
  const collect = (frame: Frame): void => {
    message ??= { opcode: frame.opcode, parts: [], size: 0 };
    message.parts.push(frame.payload);
    message.size += frame.payload.length;
    if (message.size > limitBytes) close(1009);
    else if (frame.final) {
      reply(message.opcode, Buffer.concat(message.parts));
      message = undefined;
    }
  };
  const take = (frame: Frame): void => {
    const { opcode, payload } = frame;
    if (opcode === opcodes.ping) reply(opcodes.pong, payload);
    else if (opcode === opcodes.close) close(payload.length >= 2 ? payload.readUInt16BE(0) : 1000);
    else if (opcode !== opcodes.pong) {
      // A message begins with text or binary, and only a begun one is continued.
      if ((opcode === opcodes.continuation) === (message !== undefined)) collect(frame);
      else close(1002);
    }
  };
  const read = (chunk: Buffer): void => {
    waiting = Buffer.concat([waiting, chunk]);
    try {
      for (let next = decodeFrame(waiting); next !== undefined && !socket.writableEnded; next = decodeFrame(waiting)) {
        waiting = waiting.subarray(next.size);
        take(next.frame);
      }
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      close(1009);
    }
  };
  socket.on("data", read);
  socket.on("end", () => socket.end());
  read(Buffer.alloc(0));
}
