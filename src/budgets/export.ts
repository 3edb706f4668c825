import { readNames } from '../catalog/names.ts';
import type { Databases } from '../db/connect.ts';
import type { ExportPage } from '../downloads/export-page.ts';
import { counting, type OpenExport } from '../export/open.ts';
import { queryOfFilter } from '../query/filter-text.ts';
import { namedIn } from '../query/filters/registry.ts';
import { viewSentence } from '../query/filters/words.ts';
import { type Budget, readBudgets } from '../stats/budgets/budgets.ts';
import { readUses, type UsedBudget } from '../stats/budgets/read-use.ts';
import type { UsageReader } from '../stats/reader.ts';
import type { DataTable } from '../tables/table.ts';
import type { Format } from '../units/format.ts';
import type { Instant } from '../units/time.ts';
import { BUDGETS_PATH, budgetsTable, historiesTable, type NamedBudget } from './budget-tables.ts';

export type BudgetSources = {
  reader: UsageReader;
  databases: Pick<Databases, 'backoffice' | 'mythoria'>;
  format: Format;
};

/** Which calls a budget is for, as a sentence. */
export async function callsOf(budget: Budget, { databases, format }: BudgetSources, at: Instant): Promise<string> {
  const query = { ...queryOfFilter(budget.filter, format, at), cost: budget.cost };
  return viewSentence(query, await readNames(databases, namedIn(query)), format);
}

/** All budgets as they stand at an instant, with the calls that each is for. */
export async function readNamedBudgets(sources: BudgetSources, at: Instant): Promise<NamedBudget[]> {
  const { reader, databases, format } = sources;
  const used = await readUses(reader, await readBudgets(databases.backoffice), at, format.timeZone);
  return Promise.all(used.map(async (one) => ({ ...one, calls: await callsOf(one.budget, sources, at) })));
}

const TABLES: Record<string, (budgets: NamedBudget[], format: Format) => DataTable> = {
  budgets: budgetsTable,
  periods: (budgets: UsedBudget[], format) => historiesTable(budgets, format),
};

/** All budgets, and their past periods. */
export const BUDGETS_EXPORT: ExportPage<BudgetSources> = {
  path: BUDGETS_PATH,
  parameters: [],
  unused: [],
  tables: Object.keys(TABLES),
  heeds: () => [],
  asked: (_name, _parameters, sources, at) => ({
    address: BUDGETS_PATH,
    details: ({ rows }) =>
      `All budgets; ${sources.format.minute(at)}; ${sources.format.integer(rows)} ${rows === 1 ? 'row' : 'rows'}`,
    open: ({ tables }) => openBudgets(sources, tables, at),
  }),
};

async function openBudgets(sources: BudgetSources, wanted: string[], at: Instant): Promise<OpenExport> {
  const { format } = sources;
  const budgets = await readNamedBudgets(sources, at);
  const tables = Object.entries(TABLES)
    .filter(([name]) => wanted.includes(name))
    .map(([name, table]) => {
      const { title, columns, rows } = table(budgets, format);
      return { name, title, columns, batches: [rows()] };
    });
  const rows = tables.reduce((sum, { batches }) => sum + (batches[0]?.length ?? 0), 0);
  const manifest = {
    ...{ title: 'Budgets', filters: 'All budgets', from: null, to: at, timeZone: format.timeZone, asOf: at },
    ...{ rows, cost: null },
  };
  return { ...counting({ manifest, tables }), close: async () => {} };
}
