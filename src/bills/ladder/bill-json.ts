import type { Format } from '../../units/format.ts';
import { type Euros, eurosNumber } from '../../units/money.ts';
import type { BillRow } from '../bills-table.ts';
import { type Part, RUNGS, type RungName, rungsBy, rungsOf } from './ladder.ts';
import type { Bill } from './read-ladder.ts';
import { rungInWords } from './words.ts';

/** What was recorded and billed, as programs read it. */
export const billsJson = (rows: readonly BillRow[]) => ({
  bills: rows.map(({ provider, month, recorded, bill }) => ({
    ...{ provider, month, recorded: eurosNumber(recorded), billed: bill && eurosNumber(bill.billed) },
    ...{ lines: bill?.lines ?? 0, linesWithoutRate: bill?.withoutRate ?? 0 },
  })),
});

function inEuros(parts: readonly Part[], keyOf: (part: Part) => string, name: 'model' | 'day') {
  return [...rungsBy(parts, keyOf)].map(([key, rungs]) => ({
    [name]: key === '' ? null : key,
    ...(Object.fromEntries(RUNGS.map((rung) => [rung, eurosNumber(rungs[rung])])) as Record<RungName, Euros>),
  }));
}

/** The ladder of a bill as programs read it: rungs that add up to what was billed, also by model and by day. */
export function billJson({ provider, month, isOver, ladder, lines }: Bill, format: Format) {
  const rungs = rungsOf(ladder.parts);
  return {
    ...{ provider, month, isOver, billed: lines.length === 0 ? null : eurosNumber(ladder.billed) },
    ...{ lines: lines.length, linesWithoutRate: ladder.notInEuros },
    rungs: RUNGS.map((rung) => ({
      ...{ rung, amount: eurosNumber(rungs[rung]), about: rungInWords(rung, ladder, format) },
    })),
    models: inEuros(ladder.parts, ({ model }) => model ?? '', 'model'),
    days: inEuros(ladder.parts, ({ day }) => day, 'day'),
  };
}
