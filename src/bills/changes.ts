import type { Knex } from 'knex';
import { type Actor, auditedChange } from '../db/audit-log.ts';
import { BILLS_PATH, billPath } from '../query/paths.ts';
import type { BillLine, Days } from '../stats/bills/bill-lines.ts';
import { type KeptLine, readLines } from '../stats/bills/read-lines.ts';
import { compareDays, type Day, monthOf } from '../units/calendar.ts';
import { byCodePoint } from '../units/code-points.ts';
import { BadInput, type ParameterProblem } from '../units/failures/bad-input.ts';
import { wrongFile } from '../units/failures/wrong-file.ts';
import { firstRate, insertLines, lockBills, MOST_LINES, monthsAround, roomForLines, writeColumns } from './store.ts';
import { isEqualLine, lineInWords, lineKey } from './terms.ts';

/** A line and where it stands: "Line 3". Empty for a form, whose fields stand by themselves. */
export type LineAt = BillLine & { at: string };

/** `completeFor`: they are all lines of these days, so that others of them count no more. */
export type Bill = { provider: string; lines: readonly LineAt[]; completeFor: Days | null };

/** What a bill says that is new, said otherwise than before, as it was, and what counts no more. */
export type Compared = {
  added: BillLine[];
  corrected: { line: BillLine; before: KeptLine }[];
  same: number;
  gone: KeptLine[];
};

const place = (at: string, field: string) => (at === '' ? field : `${at}, ${field}`);

/** By item, project and kind, by day. */
const byItem = (lines: readonly LineAt[]): LineAt[] =>
  lines
    .map((line) => ({ line, of: JSON.stringify([line.item, line.project, line.kind]) }))
    .sort(
      (a, b) =>
        byCodePoint(a.of, b.of) ||
        compareDays(a.line.firstDay, b.line.firstDay) ||
        compareDays(a.line.lastDay, b.line.lastDay),
    )
    .map(({ line }) => line);

/** What would be billed twice: lines of the same item whose days meet, without being the same. */
function overlaps(lines: readonly LineAt[], kept: readonly KeptLine[]): ParameterProblem[] {
  const known = kept.filter(({ amount }) => amount !== '0').map((line): LineAt => ({ ...line, at: '' }));
  const isNew = new Set(lines);
  const problems: ParameterProblem[] = [];
  const all = byItem([...lines, ...known]);
  let last: LineAt | null = null;
  for (const line of all) {
    const isOfSame =
      last !== null && last.item === line.item && last.project === line.project && last.kind === line.kind;
    if (last !== null && isOfSame && lineKey(last) !== lineKey(line) && compareDays(line.firstDay, last.lastDay) <= 0) {
      const [wrong, other] = isNew.has(line) ? [line, last] : [last, line];
      if (isNew.has(wrong))
        problems.push({
          parameter: place(wrong.at, 'day'),
          message: `lies in ${other.firstDay} – ${other.lastDay}, of which ${isNew.has(other) ? other.at || 'another line' : 'a line that is there already'} bills the same`,
        });
    }
    if (last === null || !isOfSame || compareDays(line.lastDay, last.lastDay) > 0) last = line;
  }
  return problems;
}

/** Compares a bill with what is kept. @throws BadInput for days that overlap, or a currency without a rate */
export async function compareBill(backoffice: Knex, { provider, lines, completeFor }: Bill): Promise<Compared> {
  const days = completeFor ?? daysAround(lines);
  if (days === null) throw new BadInput([{ parameter: 'The bill', message: 'has no line' }]);
  if (lines.length > MOST_LINES)
    throw new BadInput([{ parameter: 'The bill', message: `has more than ${MOST_LINES} lines` }]);
  const kept = await readLines(backoffice, provider, monthsAround(days));
  const rate = await firstRate(backoffice);
  const isReplaced = (line: BillLine) => completeFor !== null && isWithin(line, completeFor);
  const problems = [
    ...lines
      .filter(({ currency, lastDay }) => currency !== 'EUR' && isBefore(lastDay, rate))
      .map(
        ({ at, currency, lastDay }): ParameterProblem => ({
          parameter: place(at, 'currency'),
          message: `is ${currency}, and there is no exchange rate of ${lastDay} or of any day before: import it on /rates first`,
        }),
      ),
    ...overlaps(
      lines,
      kept.filter((line) => !isReplaced(line)),
    ),
  ];
  if (problems.length > 0) throw wrongFile(problems);
  const known = new Map(kept.map((line) => [lineKey(line), line]));
  const compared: Compared = { added: [], corrected: [], same: 0, gone: [] };
  const said = new Set<string>();
  for (const { at, ...line } of lines) {
    const before = known.get(lineKey(line));
    said.add(lineKey(line));
    if (before === undefined) compared.added.push(line);
    else if (isEqualLine(before, line)) compared.same += 1;
    else compared.corrected.push({ line, before });
  }
  compared.gone = kept.filter((line) => line.amount !== '0' && !said.has(lineKey(line)) && isReplaced(line));
  return compared;
}

const isBefore = (day: Day, first: Day | null) => first === null || compareDays(day, first) < 0;

const isWithin = ({ firstDay, lastDay }: BillLine, days: Days): boolean =>
  compareDays(firstDay, days.firstDay) >= 0 && compareDays(lastDay, days.lastDay) <= 0;

/** The days that some lines are of, first to last; null without any. */
export function daysAround(lines: readonly BillLine[]): Days | null {
  const firstDay = lines.map((line) => line.firstDay).sort(compareDays)[0];
  const lastDay = lines
    .map((line) => line.lastDay)
    .sort(compareDays)
    .at(-1);
  return firstDay === undefined || lastDay === undefined ? null : { firstDay, lastDay };
}

const noMore = ({ firstDay, lastDay, item, project, kind, currency }: KeptLine): BillLine => ({
  ...{ firstDay, lastDay, item, project, kind, currency, quantity: null, amount: '0' },
});

/** How many lines were new, corrected, there already, and count no more. */
export type Imported = Record<'added' | 'corrected' | 'same' | 'gone', number>;

type HowImported = { source: string; columns: Record<string, string> | null };

async function keep(transaction: Knex, who: Actor, bill: Bill, { source, columns }: HowImported): Promise<Imported> {
  await lockBills(transaction);
  const { added, corrected, same, gone } = await compareBill(transaction, bill);
  const lines = [...added, ...corrected.map(({ line }) => line), ...gone.map(noMore)];
  const room = await roomForLines(transaction);
  if (lines.length > room)
    throw new BadInput([
      { parameter: 'The bill', message: `has more new lines (${lines.length}) than there is room for (${room})` },
    ]);
  if (lines.length > 0) await insertLines(transaction, { provider: bill.provider, source, by: who.email }, lines);
  if (columns !== null) await writeColumns(transaction, bill.provider, columns);
  return { added: added.length, corrected: corrected.length, same, gone: gone.length };
}

/** Keeps what a bill says, all of its lines or none, and writes down who did. @throws BadInput */
export const importBill = (backoffice: Knex, who: Actor, bill: Bill, how: HowImported): Promise<Imported> =>
  auditedChange(backoffice, who, 'import bill', async (transaction) => {
    const value = await keep(transaction, who, bill, how);
    const { added, corrected, same, gone } = value;
    return {
      ...{ value, subject: subjectOf(bill), rows: added + corrected + gone },
      details: `${bill.provider}: ${added} lines added, ${corrected} corrected, ${gone} no more, ${same} there already; ${how.source}`,
    };
  });

/** The page of a bill of one month; of several that of all bills. */
function subjectOf({ provider, lines, completeFor }: Bill): string {
  const days = completeFor ?? daysAround(lines);
  if (days === null || monthOf(days.firstDay) !== monthOf(days.lastDay)) return BILLS_PATH;
  return billPath(provider, monthOf(days.firstDay));
}

const BY_HAND = 'by hand';

/** Keeps a line that somebody has typed; returns the page of its bill. @throws BadInput */
export const addLine = (backoffice: Knex, who: Actor, provider: string, line: BillLine): Promise<string> =>
  auditedChange(backoffice, who, 'add bill line', async (transaction) => {
    const bill = { provider, lines: [{ ...line, at: '' }], completeFor: null };
    const { corrected } = await keep(transaction, who, bill, { source: BY_HAND, columns: null });
    const subject = billPath(provider, monthOf(line.firstDay));
    return {
      ...{ value: subject, subject },
      details: `${lineInWords(provider, line)}${corrected > 0 ? '; in place of what was there' : ''}`,
    };
  });
