// A stream of bytes as lines of JSON, as a watch sends them.

/** Larger than any object that etcd stores, also in the wordier form of JSON. */
const lineLimitBytes = 16 * 1024 * 1024;

/**
 * The value of each line; empty lines are left out. A last line without an end is half a line, and is dropped.
 * @throws {SyntaxError} for a line that is not JSON or has more than `limitBytes`.
 */
export async function* jsonLines(
  chunks: AsyncIterable<Buffer>,
  limitBytes: number = lineLimitBytes,
): AsyncGenerator<unknown> {
  let pieces: Buffer[] = [];
  let sizeBytes = 0;
  const take = (piece: Buffer): void => {
    pieces.push(piece);
    sizeBytes += piece.length;
    if (sizeBytes > limitBytes) throw new SyntaxError(`a line has more than ${limitBytes} bytes`);
  };
  for await (const chunk of chunks) {
    let from = 0;
    for (let end = chunk.indexOf(lineFeed); end >= 0; end = chunk.indexOf(lineFeed, from)) {
      take(chunk.subarray(from, end));
      from = end + 1;
      // Characters may be cut by the end of a chunk, so bytes are joined before they become text.
      const line = Buffer.concat(pieces).toString("utf8");
      pieces = [];
      sizeBytes = 0;
      if (line.trim() !== "") yield JSON.parse(line);
    }
    take(chunk.subarray(from));
  }
}

const lineFeed = 0x0a;
