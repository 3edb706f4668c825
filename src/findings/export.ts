import type { ExportPage } from '../downloads/export-page.ts';
import { counting } from '../export/open.ts';
import { FINDINGS_PATH, readExplanations } from './explanations.ts';
import type { FindingSources } from './finding.ts';
import { findingsTable, partsTable } from './finding-tables.ts';
import { KINDS } from './kinds/registry.ts';
import { readKind } from './read-findings.ts';

/** Every finding, those that are explained too, and its parts by time. */
export const FINDINGS_EXPORT: ExportPage<FindingSources> = {
  path: FINDINGS_PATH,
  parameters: [],
  unused: [],
  tables: ['findings', 'parts'],
  heeds: () => [],
  asked: (_name, _parameters, sources, at) => ({
    address: FINDINGS_PATH,
    details: ({ rows }) =>
      `All findings; ${sources.format.minute(at)}; ${sources.format.integer(rows)} ${rows === 1 ? 'row' : 'rows'}`,
    open: async ({ tables: wanted }) => {
      const explanations = await readExplanations(sources.databases.backoffice);
      const found = await Promise.all(KINDS.map((kind) => readKind(sources, kind, explanations)));
      const findings = found.flatMap((one) => one.findings);
      const tables = Object.entries({ findings: findingsTable(findings), parts: partsTable(findings) })
        .filter(([name]) => wanted.includes(name))
        .map(([name, { title, columns, rows }]) => ({ name, title, columns, rows: rows() }));
      const manifest = {
        ...{ title: 'Findings', filters: 'All findings, those that are explained too', from: null, to: at },
        ...{ timeZone: sources.format.timeZone, asOf: at, cost: null },
        rows: tables.reduce((sum, { rows }) => sum + rows.length, 0),
      };
      const batched = tables.map(({ rows, ...table }) => ({ ...table, batches: [rows] }));
      return { ...counting({ manifest, tables: batched }), close: async () => {} };
    },
  }),
};
