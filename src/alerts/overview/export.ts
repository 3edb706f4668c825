import { readChannels } from '../../delivery/channels.ts';
import type { ExportPage } from '../../downloads/export-page.ts';
import { counting, type OpenExport } from '../../export/open.ts';
import type { Instant } from '../../units/time.ts';
import { readRuleLines } from '../frame/rule-lines.ts';
import { type AlertSources, RULES_PATH } from '../sources.ts';
import { readRules } from '../store/rules.ts';
import { rulesTable } from './rules-table.ts';

type RuleSources = Pick<AlertSources, 'databases' | 'format'>;

/** All rules and how they stand at an instant, as a table. */
export async function readRulesTable(sources: RuleSources, at: Instant) {
  const { backoffice } = sources.databases;
  const [rules, channels] = await Promise.all([readRules(backoffice), readChannels(backoffice)]);
  const lines = await readRuleLines(sources, rules, at);
  const names = new Map(channels.map(({ id, name }) => [id, name]));
  return { count: rules.length, table: rulesTable(lines, names, at, sources.format) };
}

/** All rules. */
export const RULES_EXPORT: ExportPage<RuleSources> = {
  path: RULES_PATH,
  parameters: [],
  unused: [],
  tables: ['rules'],
  heeds: () => [],
  asked: (_name, _parameters, sources, at) => ({
    address: RULES_PATH,
    details: ({ rows }) =>
      `All rules; ${sources.format.minute(at)}; ${sources.format.integer(rows)} ${rows === 1 ? 'row' : 'rows'}`,
    open: () => openRules(sources, at),
  }),
};

async function openRules(sources: RuleSources, at: Instant): Promise<OpenExport> {
  const { timeZone } = sources.format;
  const { count, table } = await readRulesTable(sources, at);
  const { title, columns, rows } = table;
  const manifest = {
    ...{ title, filters: 'All rules', from: null, to: at, timeZone, asOf: at },
    ...{ rows: count, cost: null },
  };
  const tables = [{ name: 'rules', title, columns, batches: [rows()] }];
  return { ...counting({ manifest, tables }), close: async () => {} };
}
