import type { Knex } from 'knex';
import { type AuditLine, type AuditMoment, auditedLabel, countAuditLog, readAuditLog } from '../db/audit-log.ts';
import type { Databases } from '../db/connect.ts';
import type { ExportPage } from '../downloads/export-page.ts';
import { counting, type OpenExport } from '../export/open.ts';
import type { ExportColumn, Manifest } from '../export/table.ts';
import type { Value } from '../tables/values.ts';
import type { Format } from '../units/format.ts';
import { exactInteger } from '../units/integer.ts';
import { type Instant, isTime, NO_TIME } from '../units/time.ts';
import { type AskedAuditLog, AUDIT_PARAMETERS, AUDIT_PATH, auditUrl, parseAuditQuery } from './query.ts';

const COLUMNS: (ExportColumn & { value: (line: AuditLine) => Value })[] = [
  { name: 'happenedAt', label: 'Time', kind: 'instant', value: ({ at }) => (isTime(at) ? at : NO_TIME) },
  { name: 'person', label: 'Person', kind: 'text', value: ({ email }) => email },
  { name: 'kindLabel', label: 'Kind', kind: 'text', value: ({ action }) => auditedLabel(action) },
  { name: 'details', label: 'Details', kind: 'text', value: ({ details }) => details },
  { name: 'subject', label: 'Of', kind: 'text', value: ({ subject }) => subject },
  { name: 'rows', label: 'Rows', kind: 'integer', value: ({ rows }) => rows },
  { name: 'kind', label: 'Kind id', kind: 'text', value: ({ action }) => action },
  { name: 'line', label: 'Line', kind: 'integer', value: ({ id }) => exactInteger(id) },
];

const A_BATCH = 1000;

type Sources = { databases: Pick<Databases, 'backoffice'>; format: Format };

/** The lines that a page of the audit log is asked for, all of them, newest first: those that there are at this moment. */
export const AUDIT_EXPORT: ExportPage<Sources> = {
  path: AUDIT_PATH,
  parameters: AUDIT_PARAMETERS.filter((name) => name !== 'before'),
  unused: [],
  tables: ['lines'],
  heeds: () => AUDIT_PARAMETERS.filter((name) => name !== 'before'),
  asked: (_name, parameters, { databases: { backoffice }, format }, at) => {
    const asked = parseAuditQuery(parameters, format.timeZone);
    return {
      address: auditUrl(asked),
      details: ({ filters, from, to, rows }) =>
        `${filters}; ${from === null ? 'everything until' : `${format.minute(from)} –`} ${format.minute(to)}; ${format.integer(rows)} ${rows === 1 ? 'line' : 'lines'}`,
      open: () => openLines(backoffice, asked, at, format),
    };
  },
};

async function openLines(backoffice: Knex, asked: AskedAuditLog, at: Instant, format: Format): Promise<OpenExport> {
  const { count, moment } = await countAuditLog(backoffice, asked);
  const { from, to } = asked.window;
  const manifest: Manifest = {
    title: 'Audit log',
    filters: auditSentence(asked),
    ...{ from, to: to !== null && to < at ? to : at, timeZone: format.timeZone, asOf: at },
    ...{ rows: count, cost: null },
  };
  const columns = COLUMNS.map(({ name, label, kind }) => ({ name, label, kind }));
  const batches = batchesOf(backoffice, asked, moment, count);
  return {
    ...counting({ manifest, tables: [{ name: 'lines', title: 'Audit log', columns, batches }] }),
    close: async () => {},
  };
}

/** No connection is held between two batches. @throws Error when they are not as many as were counted */
async function* batchesOf(
  backoffice: Knex,
  asked: AskedAuditLog,
  moment: AuditMoment,
  count: number,
): AsyncGenerator<Value[][]> {
  let left = count;
  for (let before: string | undefined = moment.before; left > 0; ) {
    const lines: AuditLine[] = await readAuditLog(
      backoffice,
      { ...asked, before: before ?? null },
      A_BATCH,
      moment.without,
    );
    left -= lines.length;
    before = lines.at(-1)?.id;
    if (left < 0 || lines.length === 0) throw new Error('the audit log has other lines than were counted');
    yield lines.map((line) => COLUMNS.map(({ value }) => value(line)));
  }
}

/** "What ana@mythoria.pt did: Exported", as the file says what it is of. */
function auditSentence({ email, action }: AskedAuditLog): string {
  const who = email === null ? 'Everybody' : email;
  return action === null ? `${who}, all kinds` : `${who}, ${auditedLabel(action)}`;
}
