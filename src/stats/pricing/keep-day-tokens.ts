import type { Knex } from 'knex';
import { type Day, dayFromPostgres, postgresFromDay } from '../../units/calendar.ts';
import { groupedBy } from '../../units/grouped-by.ts';
import { clockOf } from '../../units/local-time.ts';
import { endOfDay, startOfDay, startOfHourNumber } from '../../units/time.ts';
import { keptDays, readCoverage } from '../rollups/coverage.ts';
import { type KeptCellRow, keptCell } from '../rollups/days.ts';
import { STATEMENT_TIMEOUT } from '../rollups/keep/limits.ts';
import { bytesOf, columnOf } from '../rollups/packed/columns.ts';
import { bucketFromPostgres, bucketSql } from '../rollups/source-buckets.ts';
import type { UsageCell, UsageKind } from '../sums.ts';
import { areOf } from './day-tokens.ts';
import { type RowTokens, readRowTokens } from './row-tokens.ts';

type DayVersion = { day: Day; version: string };

/** With the hours of the clock. */
const FORM = 2;

/** Days that are looked for at once. */
const DAYS_A_LOOK = 10;

/** Lines of one statement. */
const LINES_A_WRITE = 1_000;

/**
 * Keeps the tokens of every call of the days that the rollups hold, newest first, once there is a price; asks before some of them whether it
 * may go on. A day that is not what the rollups know of it is left for the next time, for one of the two will change.
 */
export async function keepDayTokens(
  { workflows, backoffice }: { workflows: Knex; backoffice: Knex },
  mayGoOn: () => Promise<boolean>,
): Promise<void> {
  if (!(await hasPrices(backoffice))) return;
  await backoffice('day_tokens')
    .whereRaw('NOT EXISTS (SELECT FROM rollup_days WHERE rollup_days.day = day_tokens.day)')
    .delete();
  const kept = keptDays(await readCoverage(backoffice));
  if (kept === null) return;
  const leftAside: Day[] = [];
  while (await mayGoOn()) {
    const missing = await readMissing(backoffice, leftAside);
    if (missing.length === 0) return;
    for (const one of missing)
      if (!(await keepDay({ workflows, backoffice }, one, kept.timeZone))) leftAside.push(one.day);
  }
}

async function hasPrices(backoffice: Knex): Promise<boolean> {
  return (await backoffice('prices').whereNull('withdrawn_at').first('id')) !== undefined;
}

async function readMissing(backoffice: Knex, leftAside: Day[]): Promise<DayVersion[]> {
  const { rows } = await backoffice.raw<{ rows: { day: string; version: string }[] }>(
    `SELECT day, version FROM rollup_days
      WHERE NOT EXISTS (SELECT FROM day_tokens AS kept
                         WHERE kept.day = rollup_days.day AND action = '' AND model = ''
                               AND kept.version = rollup_days.version AND form >= ?)
        AND NOT (day = ANY(?::date[]))
      ORDER BY day DESC LIMIT ?`,
    [FORM, leftAside.map(postgresFromDay), DAYS_A_LOOK],
  );
  return rows.map(({ day, version }) => ({ day: dayFromPostgres(day), version }));
}

/** Keeps a day as the source has it, where that is what the rollups say. */
async function keepDay(
  { workflows, backoffice }: { workflows: Knex; backoffice: Knex },
  { day, version }: DayVersion,
  timeZone: string,
): Promise<boolean> {
  const cells = (await backoffice('usage_days').where('day', postgresFromDay(day)).select<KeptCellRow[]>()).map((row) =>
    keptCell(day, row),
  );
  const window = { from: startOfDay(day, timeZone), to: endOfDay(day, timeZone) };
  const tokens = byClock(await readRowTokens(workflows, [window], null, bucketSql('hour', timeZone)), timeZone);
  if (!areOfCells(tokens, cells)) return false;
  return backoffice.transaction(async (transaction) => {
    await transaction.raw(`SET LOCAL statement_timeout = '${STATEMENT_TIMEOUT}'`);
    const still = await transaction('rollup_days')
      .where({ day: postgresFromDay(day), version })
      .forUpdate()
      .first('version');
    if (still === undefined) return false;
    await transaction('day_tokens').where('day', postgresFromDay(day)).delete();
    const kept = { day: postgresFromDay(day), version, form: FORM };
    const lines = tokens.map(({ action, model, inputs, outputs, clockEnds }) => ({
      ...{ ...kept, action, model, tokens: Buffer.concat([bytesOf(columnOf(inputs)), bytesOf(columnOf(outputs))]) },
      clock_ends: bytesOf(columnOf(clockEnds)),
    }));
    lines.push({ ...kept, action: '', model: '', tokens: Buffer.alloc(0), clock_ends: Buffer.alloc(0) });
    await transaction.batchInsert('day_tokens', lines, LINES_A_WRITE);
    return true;
  });
}

/** The tokens of a day's calls in the order of the hours of the clock, and how many calls there are up to the end of each. */
type DayTokens = UsageKind & { inputs: number[]; outputs: number[]; clockEnds: number[] };

function byClock(rows: RowTokens[], timeZone: string): DayTokens[] {
  const clockOfHour = ({ bucket }: RowTokens) =>
    clockOf(startOfHourNumber(Number(bucketFromPostgres(bucket, 'hour'))), timeZone).hour;
  return [...groupedBy(rows, ({ action, model }) => `${action}\0${model}`).values()].map((ofKind) => {
    const { action, model } = ofKind[0] as RowTokens;
    const ofHours = groupedBy(ofKind, clockOfHour);
    const day: DayTokens = { action, model, inputs: [], outputs: [], clockEnds: [] };
    for (let hour = 0; hour < 24; hour++) {
      for (const { inputs, outputs } of ofHours.get(hour) ?? []) {
        for (const input of inputs) day.inputs.push(input);
        for (const output of outputs) day.outputs.push(output);
      }
      day.clockEnds.push(day.inputs.length);
    }
    return day;
  });
}

function areOfCells(tokens: DayTokens[], cells: UsageCell[]): boolean {
  const byKind = groupedBy(cells, ({ action, model }) => `${action}\0${model}`);
  return (
    tokens.length === cells.length &&
    tokens.every(({ action, model, inputs, outputs }) => {
      const [cell] = byKind.get(`${action}\0${model}`) ?? [];
      return cell !== undefined && areOf(inputs, outputs, cell);
    })
  );
}
