// Reading one file, with every way in which that can fail put into a sentence.
import { readFileSync, statSync } from "node:fs";
import { type FileContent, readObjects, unreadable } from "./read-objects.ts";

/** Larger files are refused: nobody writes them by hand, and reading one would keep everything else waiting. */
export const fileLimitBytes = 8 * 1024 * 1024;

/** What the file holds; undefined when it has gone. */
export function readFile(path: string, defaultNamespace: string): FileContent | undefined {
  try {
    const { size } = statSync(path);
    if (size > fileLimitBytes) return refuse(`the file has ${size} bytes, and ${fileLimitBytes} is the most. Split it`);
    return readObjects(new TextDecoder("utf-8", { fatal: true }).decode(readFileSync(path)), defaultNamespace);
  } catch (error) {
    const code = error instanceof Error && "code" in error ? String(error.code) : "";
    switch (code) {
      case "ENOENT":
        return undefined;
      case "EACCES":
        return refuse(`the file cannot be read: permission denied. Run chmod a+r ${path}`);
      case "ERR_ENCODING_INVALID_ENCODED_DATA":
        return refuse("the file is not UTF-8. Save it as UTF-8");
      default:
        return refuse(`the file cannot be read: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
}

function refuse(text: string): FileContent {
  return unreadable([{ line: 1, text }]);
}
