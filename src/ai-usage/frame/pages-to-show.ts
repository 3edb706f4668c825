import type { QueryChange } from '../../query/query.ts';
import type { Format } from '../../units/format.ts';

export type PageLinks = {
  previous: string | null;
  next: string | null;
  /** Page numbers with gaps: null stands for "…". */
  numbers: ({ label: string; href: string; current: boolean } | null)[];
  sizes: { label: string; href: string; current: boolean }[];
};

const AROUND = 2;

/** The first and last page and those around the current one, ascending. */
export function pagesToShow(current: number, pages: number): number[] {
  const around = Array.from({ length: 2 * AROUND + 1 }, (_, i) => current - AROUND + i);
  return [...new Set([1, ...around, pages])].filter((page) => page >= 1 && page <= pages).sort((a, b) => a - b);
}

type Numbered = { pager: PageLinks | null; lastPage: { number: string; href: string } | null };

/** The pages of a list that is turned over by their numbers alone; `lastPage` where the one that is asked for lies beyond it. */
export function numberedPages(
  page: number,
  pages: number,
  here: (change: QueryChange) => string,
  format: Format,
): Numbered {
  const last = Math.max(1, pages);
  const shown = pagesToShow(page, last);
  const pager = {
    previous: page > 1 ? here({ page: page - 1 }) : null,
    next: page < last ? here({ page: page + 1 }) : null,
    numbers: shown.flatMap((number, i) => [
      ...(number > (shown[i - 1] ?? 0) + 1 ? [null] : []),
      { label: format.integer(number), href: here({ page: number }), current: number === page },
    ]),
    sizes: [],
  };
  return {
    pager: last > 1 ? pager : null,
    lastPage: page > last ? { number: format.integer(last), href: here({ page: last }) } : null,
  };
}
