import type { NameDatabases } from '../../catalog/known-names.ts';
import { readNames } from '../../catalog/names.ts';
import type { ExportPage } from '../../downloads/export-page.ts';
import { counting } from '../../export/open.ts';
import type { Manifest } from '../../export/table.ts';
import { namedIn } from '../../query/filters/registry.ts';
import { viewSentence } from '../../query/filters/words.ts';
import { ofRecorded, PAGING, type QueryLimits, type UsageQuery } from '../../query/query.ts';
import { readNotesOf } from '../../stats/notes/notes-of.ts';
import type { DataTable } from '../../tables/table.ts';
import type { Format } from '../../units/format.ts';
import { type MicroEuros, NO_EUROS } from '../../units/money.ts';
import { handled } from '../../units/promises/handled.ts';
import { unlessGone } from '../../units/promises/unless-gone.ts';
import type { Instant } from '../../units/time.ts';
import { windowText } from '../frame/filter-bar.ts';
import { pageLimits, type UsageSources, type UsageView } from '../frame/sources.ts';

/** A table of a page, and those of its page's parameters that it depends on. */
export type UsageTable = {
  heeds: readonly string[] | ((parameters: Record<string, unknown>) => readonly string[]);
  read: (view: UsageView) => Promise<DataTable>;
};

export type AskedUsage = { query: UsageQuery; address: string; title: string };

type UsageExport = {
  path: string;
  parameters: readonly string[];
  /** Null where the name in the address can be none. @throws BadInput */
  asked: (name: string, parameters: Record<string, unknown>, limits: QueryLimits, at: Instant) => AskedUsage | null;
  tables: Record<string, UsageTable>;
  cost: (view: UsageView) => Promise<MicroEuros>;
};

/** A page of tables of AI usage as it is exported: each table is read as the page reads it. */
export function usageExport({ path, parameters, asked, tables, cost }: UsageExport): ExportPage<UsageSources> {
  const names = Object.keys(tables);
  const heedsOf = (wanted: readonly string[], given: Record<string, unknown>) => [
    ...new Set(
      wanted.flatMap((name) => {
        const { heeds } = tables[name] as UsageTable;
        return typeof heeds === 'function' ? heeds(given) : heeds;
      }),
    ),
  ];
  return {
    path,
    parameters,
    unused: PAGING.filter((name) => parameters.includes(name)),
    tables: names,
    heeds: (name, given) =>
      heedsOf(
        names.filter((one) => name === null || one === name),
        given,
      ),
    asked: (name, given, sources, at) => {
      const usage = asked(name, given, pageLimits(sources.format), at);
      if (usage === null) return null;
      return {
        address: usage.address,
        details: (manifest) => auditDetails(usage, manifest, sources.format),
        open: async ({ tables: wanted }, gone) => {
          // A file of recorded costs alone says nothing else of itself.
          const query = heedsOf(wanted, given).includes('cost') ? usage.query : ofRecorded(usage.query);
          const reading = handled(
            sources.reader.ofOneState(async (reader) => {
              const view = { ...sources, reader, query };
              const shown = names.filter((one) => wanted.includes(one));
              const [total, unpriced, all] = await Promise.all([
                cost(view),
                query.cost === 'repriced'
                  ? reader.repriced(query, 'day').then(({ value }) => value.unpriced)
                  : undefined,
                Promise.all(
                  shown.map(async (name) => ({ name, table: await (tables[name] as UsageTable).read(view) })),
                ),
              ]);
              return { total, unpriced, all };
            }),
          );
          const { total, unpriced, all } = await unlessGone(reading, gone);
          const found = all.map(({ name, table: { title, columns, rows } }) => ({
            name,
            title,
            columns,
            rows: rows(),
          }));
          const rows = found.reduce((sum, table) => sum + table.rows.length, 0);
          const manifest = await usageManifest(usage, { ...sources, query }, { rows, cost: total, unpriced });
          const batched = found.map(({ rows, ...table }) => ({ ...table, batches: [rows] }));
          return { ...counting({ manifest, tables: batched }), close: async () => {} };
        },
      };
    },
  };
}

/** The query at an instant that is written down, so that several readings of it are of one moment. */
export const pinnedAt = (query: UsageQuery): UsageQuery => ({ ...query, pinned: query.asOf });

/** How the audit log puts an export into words: the filters as a sentence, the window, how many rows and what they cost. */
export function auditDetails({ query }: AskedUsage, { filters, rows, cost }: Manifest, format: Format): string {
  const count = `${format.integer(rows)} ${rows === 1 ? 'row' : 'rows'}, ${format.exactEuros(cost ?? NO_EUROS)}`;
  return `${filters}; ${windowText(query, format)}; ${count}`;
}

export async function usageManifest(
  { title }: AskedUsage,
  { databases, query, format }: { databases: NameDatabases; query: UsageQuery; format: Format },
  { rows, cost, unpriced, order }: Pick<Manifest, 'rows' | 'cost' | 'unpriced' | 'order'>,
): Promise<Manifest> {
  const { window, asOf } = query;
  const [names, said] = await Promise.all([
    readNames(databases, namedIn(query)),
    readNotesOf(databases.backoffice, query, format),
  ]);
  const filters = viewSentence(query, names, format);
  const notes = said.map(({ first, last, text, filter, writer }) => ({ first, last, text, filter, writer }));
  return {
    title,
    filters,
    from: window.from,
    to: window.to,
    timeZone: format.timeZone,
    asOf,
    rows,
    cost,
    notes,
    unpriced,
    order,
  };
}
