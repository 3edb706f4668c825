import { billPath } from '../../query/paths.ts';
import type { UsageQuery } from '../../query/query.ts';
import { daysMeeting, daysOfLine } from '../../stats/bills/bill-lines.ts';
import { billedName, itemModels } from '../../stats/bills/item-models.ts';
import { type BilledCalls, readBilledCalls } from '../../stats/bills/read-lines.ts';
import type { UsageReader } from '../../stats/reader.ts';
import { type Day, firstDayOf, monthOf } from '../../units/calendar.ts';
import { periodBefore, periodOf } from '../../units/calendar-period.ts';
import type { Format } from '../../units/format.ts';
import { plus } from '../../units/money.ts';
import { dayOf } from '../../units/time.ts';
import { counted, type Finding, type FindingSources, type Kind, type Part, recordsUrl, sumOfDays } from '../finding.ts';

/** As many as the page of bills lists. */
const MONTHS = 24;
const MOST_BILLS_NAMED = 5;

type OfModel = { provider: string; model: string; lines: BilledCalls[] };

/** The lines of each model of which no call was recorded on any of their days. */
async function missedCalls(lines: BilledCalls[], reader: UsageReader, query: UsageQuery, timeZone: string) {
  const [stats, prices, { models }] = await Promise.all([
    reader.stats(query, 'day'),
    reader.prices(),
    reader.dimensions(),
  ]);
  const recorded = new Map<string, Set<string>>();
  for (const { bucket, model } of stats.value.cells) {
    const name = billedName(model);
    recorded.set(name, (recorded.get(name) ?? new Set()).add(bucket));
  }
  const businessDays = new Map<Day, Day[]>();
  const isRecorded = (model: string, day: Day): boolean => {
    const meeting = businessDays.get(day) ?? daysMeeting(day, 'UTC', timeZone);
    businessDays.set(day, meeting);
    return meeting.some((one) => recorded.get(model)?.has(one));
  };
  const modelsOf = new Map<string, (item: string) => string | null>();
  const found = new Map<string, OfModel>();
  for (const line of lines) {
    const { provider, item } = line;
    const modelOf = modelsOf.get(provider) ?? itemModels(provider, [...models, ...prices.models]);
    modelsOf.set(provider, modelOf);
    const model = modelOf(item);
    if (model === null || daysOfLine(line).some((day) => isRecorded(model, day))) continue;
    const key = JSON.stringify([provider, model]);
    const one = found.get(key) ?? { provider, model, lines: [] };
    one.lines.push(line);
    found.set(key, one);
  }
  return found;
}

/** Each day once, with what lines bill that end on it. */
function partsOf(lines: BilledCalls[]): Part[] {
  const days = new Map<Day, Part>();
  for (const line of lines) {
    for (const first of daysOfLine(line)) if (!days.has(first)) days.set(first, { first, count: 1, euros: null });
    const last = days.get(line.lastDay);
    if (last && line.euros !== null) last.euros = last.euros === null ? line.euros : plus(last.euros, line.euros);
  }
  return [...days.values()];
}

function billsOf({ provider, lines }: OfModel, format: Format): Finding['examples'] {
  const months = [...new Set(lines.map(({ lastDay }) => monthOf(lastDay)))].sort().reverse();
  return months.slice(0, MOST_BILLS_NAMED).map((month) => ({
    label: `bill of ${provider}, ${format.longMonth(firstDayOf(month))}`,
    href: billPath(provider, month),
  }));
}

async function find({ reader, databases, format }: FindingSources, query: UsageQuery) {
  const { timeZone } = format;
  let first = periodOf(dayOf(query.asOf, timeZone), 'month');
  for (let i = 1; i < MONTHS; i++) first = periodBefore(first, 'month');
  const lines = await readBilledCalls(databases.backoffice, first.first);
  if (lines.length === 0) return { findings: [], notes: [] };
  const missed = await missedCalls(lines, reader, query, timeZone);
  const findings = [...missed].map(([key, one]): Finding => {
    const { last, ...sums } = sumOfDays(partsOf(one.lines));
    const others = one.lines.some(({ euros }) => euros === null) ? ', beside lines without an exchange rate' : '';
    return {
      ...{ key, subject: one.model, ...sums },
      sentence: `${one.provider} bills ${sums.euros === null ? 'calls' : format.roundEuros(sums.euros)} on ${counted(sums.count, 'day', format)} of which no call is recorded${others}.`,
      records: recordsUrl(query, format, { providers: [one.provider], first: sums.since, last }),
      examples: billsOf(one, format),
    };
  });
  return { findings, notes: [] };
}

export const BILLED_NOT_RECORDED: Kind = {
  name: 'billed-not-recorded',
  title: 'Billed, not recorded',
  rule: `Lines of the bills of the last ${MONTHS} months, of a model of which no call was recorded on any of their days: those are of UTC, and a business day with an hour of one counts.`,
  euros: 'what these lines bill: missing in what was recorded',
  counts: 'days',
  find,
};
