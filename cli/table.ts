// Columns as kubectl writes them.

/** The header and rows as lines; every column as wide as its widest cell, with `gap` between them. */
export function tableLines(
  header: readonly string[],
  rows: readonly (readonly string[])[],
  gap = "   ",
): readonly string[] {
  const all = [header, ...rows];
  const widths = header.map((_, column) => Math.max(...all.map((row) => row[column]?.length ?? 0)));
  return all.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join(gap)
      .trimEnd(),
  );
}
