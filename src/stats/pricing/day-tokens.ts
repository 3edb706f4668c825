import type { Knex } from 'knex';
import type { ClockHours } from '../../query/filters/entry.ts';
import { type Day, postgresFromDay } from '../../units/calendar.ts';
import { type Column, columnsIn, stretchesOf } from '../rollups/packed/columns.ts';
import { inPieces } from '../rollups/pieces.ts';
import type { UsageCell } from '../sums.ts';

/** A day's sums of an action and model, at a version of the day. */
export type CellOfDay = { day: Day; version: string; cell: UsageCell };

/** `hours`: of each day only these hours of the clock; null for all. */
export type CellsOfDays = { cells: CellOfDay[]; hours: ClockHours | null };

/** One statement reads the tokens of so many calls, some half a million bytes, and at least those of a cell. */
const RECORDS_A_READ = 100_000;

/** Whether tokens are those of all calls of a cell: as many, and with its sums. */
export function areOf(inputs: ArrayLike<number>, outputs: ArrayLike<number>, cell: UsageCell): boolean {
  let input = 0;
  let output = 0;
  for (let i = 0; i < inputs.length; i++) {
    input += inputs[i] as number;
    output += outputs[i] as number;
  }
  return inputs.length === cell.requests && input === cell.inputTokens && output === cell.outputTokens;
}

/**
 * Hands out the tokens of cells, call by call, that are kept for their day's version, and, of whole days, which are of which hour of the clock. Returns the cells of which none are kept, or not those
 * that the rollups know.
 */
export async function eachTokens(
  backoffice: Knex,
  { cells, hours }: CellsOfDays,
  each: (inputs: Column, outputs: Column, of: CellOfDay, clockEnds: Column) => void,
): Promise<CellOfDay[]> {
  const missing = new Set(cells);
  for (const some of inPieces(cells, ({ cell }) => cell.requests, RECORDS_A_READ)) {
    // Together by action and model, for a row costs more than what is in it. OFFSET 0 has each looked up in the index.
    const { rows } = await backoffice.raw<{ rows: { numbers: string; tokens: Uint8Array; clock_ends: Uint8Array }[] }>(
      `SELECT array_agg(number)::text AS numbers, string_agg(tokens, ''::bytea) AS tokens, string_agg(clock_ends, ''::bytea) AS clock_ends
         FROM (SELECT number, kept.*
                 FROM unnest(?::date[], ?::bigint[], ?::text[], ?::text[]) WITH ORDINALITY AS wanted (day, version, action, model, number)
                CROSS JOIN LATERAL (SELECT action, model, tokens, clock_ends FROM day_tokens
                                     WHERE day = wanted.day AND action = wanted.action AND model = wanted.model
                                       AND version = wanted.version OFFSET 0) AS kept
               OFFSET 0) AS kept
        GROUP BY action, model`,
      [
        some.map(({ day }) => postgresFromDay(day)),
        some.map(({ version }) => version),
        some.map(({ cell }) => cell.action),
        some.map(({ cell }) => cell.model),
      ],
    );
    for (const { numbers, tokens, clock_ends } of rows) {
      const columns = columnsIn(tokens);
      const clockEnds = columnsIn(clock_ends);
      numbers
        .slice(1, -1)
        .split(',')
        .forEach((number, i) => {
          const one = some[Number(number) - 1] as CellOfDay;
          const within = (column: Column) =>
            hours === null ? column : withinHours(column, clockEnds[i] as Column, hours);
          const [inputs, outputs] = [within(columns[2 * i] as Column), within(columns[2 * i + 1] as Column)];
          if (!areOf(inputs, outputs, one.cell)) return;
          missing.delete(one);
          each(inputs, outputs, one, clockEnds[i] as Column);
        });
    }
  }
  return [...missing];
}

/** Of a day that is kept without its hours there are none: a cell has calls, and so it is not taken for one without. */
const withinHours = (column: Column, clockEnds: Column, hours: ClockHours): Column =>
  Float64Array.from([...stretchesOf(clockEnds, hours)].flatMap(([begin, end]) => [...column.subarray(begin, end)]));
