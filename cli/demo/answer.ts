// What curl in a pod brought back.

/** An HTTP answer. `status` 0: there was none. */
export interface Answer {
  readonly status: number;
  /** Names in lower case; the last value wins. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  readonly ms: number;
}

/** Ends each answer in curl's output (`--write-out`), with status and seconds. */
export const answerEnd = "␞%{http_code} %{time_total}␞";

const endPattern = /␞(\d{3}) ([\d.]+)␞/g;

/** The answers in the output of `curl --silent --include --write-out ANSWER_END`. */
export function parseAnswers(output: string): readonly Answer[] {
  const answers: Answer[] = [];
  let start = 0;
  for (const match of output.matchAll(endPattern)) {
    answers.push(parseAnswer(output.slice(start, match.index), Number(match[1]), Number(match[2]) * 1_000));
    start = match.index + match[0].length;
  }
  return answers;
}

/** Interim answers (100, 103) come before the one that counts. */
function parseAnswer(text: string, status: number, ms: number): Answer {
  let rest = text;
  let head = "";
  while (/^HTTP\/[\d.]+ /.test(rest)) {
    const end = rest.indexOf("\r\n\r\n");
    if (end < 0) break;
    head = rest.slice(0, end);
    rest = rest.slice(end + 4);
  }
  const headers: Record<string, string> = {};
  for (const line of head.split("\r\n").slice(1)) {
    const colon = line.indexOf(":");
    if (colon > 0) headers[line.slice(0, colon).toLowerCase()] = line.slice(colon + 1).trim();
  }
  return { status, headers, body: rest, ms };
}
