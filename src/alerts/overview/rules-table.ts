import { type Column, type DataTable, dataTable } from '../../tables/table.ts';
import type { Format } from '../../units/format.ts';
import { type Instant, isoFromInstant } from '../../units/time.ts';
import type { RuleLine } from '../frame/rule-lines.ts';
import { stripOf } from '../frame/strip.ts';
import type { Measured } from '../rules/rule-type.ts';
import { levelAt, measuredOf, valueText } from '../rules/words.ts';
import { RULES_PATH } from '../sources.ts';

/** What a file has of a value: in one column of three, by what it counts. */
const inColumn = (measured: Measured[]) => (line: RuleLine) =>
  measured.includes(measuredOf(line.rule)) ? (line.sight?.value ?? null) : null;

/** Every rule with its last evaluation. `channels` are names by id. */
export function rulesTable(lines: RuleLine[], channels: Map<string, string>, at: Instant, format: Format): DataTable {
  const columns: Column<RuleLine>[] = [
    {
      ...{ name: 'rule', label: 'Rule', kind: 'text', value: ({ rule }) => rule.name },
      cell: ({ rule, sentence, calls, tellsNobody }) => ({
        href: `${RULES_PATH}/${rule.id}`,
        note: `when ${sentence}. ${calls}`,
        ...(rule.muted ? { flag: 'muted' } : tellsNobody ? { flag: 'tells nobody' } : {}),
      }),
    },
    { name: 'type', label: 'Type', kind: 'text', only: 'file', value: ({ rule }) => rule.type },
    { name: 'sentence', label: 'Tells when', kind: 'text', only: 'file', value: ({ sentence }) => sentence },
    { name: 'calls', label: 'Of', kind: 'text', only: 'file', value: ({ calls }) => calls },
    {
      ...{ name: 'state', label: 'State', kind: 'text', value: ({ sight }) => sight?.state ?? 'no data' },
      cell: ({ sight }) => (sight && ALARMING.has(sight.state) ? { text: '', flag: sight.state } : {}),
    },
    {
      ...{ name: 'value', label: 'Value', kind: 'text', only: 'page', leads: true },
      value: ({ rule, sight }) => {
        const value = sight?.value ?? null;
        return value === null ? '–' : valueText(value, measuredOf(rule), format);
      },
      cell: ({ rule, sight }) => {
        const { at } = levelAt(rule, sight?.value ?? null);
        return at === null ? {} : { note: `level ${valueText(at, measuredOf(rule), format)}` };
      },
    },
    { name: 'measured', label: 'Measured in', kind: 'text', only: 'file', value: ({ rule }) => measuredOf(rule) },
    { name: 'valueCost', label: 'Value', kind: 'euros', only: 'file', value: inColumn(['euros']) },
    {
      ...{ name: 'valueCount', label: 'Value, counted', kind: 'integer', only: 'file' },
      value: inColumn(['requests', 'tokens', 'hours']),
    },
    { name: 'valueShare', label: 'Value, share', kind: 'ratio', only: 'file', value: inColumn(['share']) },
    {
      ...{ name: 'evaluatedAt', label: 'Last checked', kind: 'instant' },
      value: ({ sight }) => sight?.evaluatedAt ?? null,
      cell: ({ sight }) =>
        sight?.evaluatedAt
          ? {
              ...{ text: format.minute(sight.evaluatedAt), time: isoFromInstant(sight.evaluatedAt) },
              ...(sight.tookMs === null ? {} : { note: `in ${format.integer(Math.ceil(sight.tookMs))} ms` }),
            }
          : { text: 'not yet' },
    },
    {
      ...{ name: 'evaluatedUntil', label: 'Checked until', kind: 'instant', only: 'file' },
      value: ({ sight }) => sight?.evaluatedUntil ?? null,
    },
    {
      ...{ name: 'lastDay', label: 'The last 24 hours', kind: 'text', only: 'page', value: () => '' },
      cell: ({ sight }) => (sight === null ? {} : { label: 'The last 24 hours', strip: stripOf(sight, at, format) }),
    },
    { name: 'error', label: 'Error', kind: 'text', only: 'file', value: ({ sight }) => sight?.error?.reason ?? null },
    {
      ...{ name: 'channels', label: 'Channels', kind: 'text', only: 'file' },
      value: ({ rule }) => rule.channels.flatMap((id) => channels.get(id) ?? []).join(', '),
    },
    { name: 'muted', label: 'Muted', kind: 'boolean', only: 'file', value: ({ rule }) => rule.muted },
    { name: 'fields', label: 'Fields', kind: 'json', only: 'file', value: ({ rule }) => JSON.stringify(rule.fields) },
    {
      name: 'evaluations',
      label: 'Checks in a row',
      kind: 'integer',
      only: 'file',
      value: ({ rule }) => rule.evaluations,
    },
    {
      ...{ name: 'remindHours', label: 'Reminds after hours', kind: 'integer', only: 'file' },
      value: ({ rule }) => rule.remindHours,
    },
    { name: 'owner', label: 'Owner', kind: 'text', only: 'file', value: ({ rule }) => rule.owner },
    { name: 'filter', label: 'Filter', kind: 'text', only: 'file', value: ({ filter }) => filter },
    { name: 'ruleId', label: 'Rule id', kind: 'uuid', only: 'file', value: ({ rule }) => rule.id },
  ];
  return dataTable(columns, { title: 'Rules', rows: lines });
}

const ALARMING: ReadonlySet<string> = new Set(['error', 'firing', 'recovering']);
