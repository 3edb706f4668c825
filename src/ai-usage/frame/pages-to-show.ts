const AROUND = 2;

/** The first and last page and those around the current one, ascending. */
export function pagesToShow(current: number, pages: number): number[] {
  const around = Array.from({ length: 2 * AROUND + 1 }, (_, i) => current - AROUND + i);
  return [...new Set([1, ...around, pages])].filter((page) => page >= 1 && page <= pages).sort((a, b) => a - b);
}
