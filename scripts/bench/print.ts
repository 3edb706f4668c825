/** The time that a share of all did not exceed. */
export function quantile(times: number[], q: number): number {
  const sorted = [...times].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))] ?? Number.NaN;
}

/** Milliseconds as they are printed. */
export const ms = (value: number) => (value < 10 ? value.toFixed(1) : value.toFixed(0));
/** A row of a table in Markdown. */
export const line = (cells: (string | number)[]) => console.log(`| ${cells.join(' | ')} |`);
