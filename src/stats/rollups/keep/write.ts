import type { Knex } from 'knex';
import { elementsOf } from '../../../db/arrays.ts';
import { groupedBy } from '../../../units/grouped-by.ts';
import { exactInteger } from '../../../units/integer.ts';
import { addTime, instantFromPostgres, postgresFromInstant } from '../../../units/time.ts';
import { type Coverage, keptDays } from '../coverage.ts';
import { assignNumbersOfArrays, idsOfArrays } from '../packed/numbers.ts';
import type { HourCell, HourRange } from '../source-hours.ts';
import { RECORDS_A_PIECE, STATEMENT_TIMEOUT } from './limits.ts';
import { completeDays, recountDays, writeDays } from './write-days.ts';
import { type CountedHour, writeGrown } from './write-grown.ts';
import { recountHours, type StoriesOfCell, writeStories } from './write-stories.ts';

/** What a refresh changes of the state besides the rows: how far coverage and audit have come. */
export type Progress = Partial<
  Pick<Coverage, 'coveredUntil' | 'auditBeganAt' | 'auditPosition' | 'auditedUntil' | 'auditEndedAt'>
>;

/** What to write: the runs of hours to replace, and all that is in them now. */
export type Changes = { runs: HourRange[]; cells: HourCell[] };

const STATE_COLUMNS = {
  coveredUntil: 'covered_until',
  auditBeganAt: 'audit_began_at',
  auditPosition: 'audit_position',
  auditedUntil: 'audited_until',
  auditEndedAt: 'audit_ended_at',
} as const;

const columnsOf = (progress: Progress) =>
  Object.fromEntries(
    Object.entries(progress).map(([name, value]) => [
      STATE_COLUMNS[name as keyof Progress],
      value === null ? null : postgresFromInstant(value),
    ]),
  );

/**
 * Writes down how far an audit came that found nothing. The version stays: whoever computes hours meanwhile from before `coverage` was read
 * meets what the audit met, and is not to begin again for it.
 */
export async function noteProgress(backoffice: Knex, { version }: Coverage, progress: Progress): Promise<void> {
  await backoffice('rollup_state').where({ version }).update(columnsOf(progress));
}

/**
 * Replaces hours, and the days made of them, in one transaction, and moves the state on. Returns the new version, or null
 * when another refresher has written since `coverage` was read: then nothing is changed. With `anew`, of a single run, its stories are
 * counted again instead of corrected.
 */
export function writeChanges(
  backoffice: Knex,
  changes: Changes,
  coverage: Coverage,
  progress: Progress,
  { anew = false } = {},
): Promise<string | null> {
  return backoffice.transaction((transaction) => write(transaction, changes, coverage, progress, anew));
}

async function write(
  transaction: Knex,
  { runs, cells }: Changes,
  coverage: Coverage,
  progress: Progress,
  anew: boolean,
): Promise<string | null> {
  await transaction.raw(`SET LOCAL statement_timeout = '${STATEMENT_TIMEOUT}'`);
  const [current] = await transaction('rollup_state')
    .where('version', coverage.version)
    .update({
      version: transaction.raw('version + 1'),
      ...(runs.length > 0 ? { content_version: transaction.raw('version + 1') } : {}),
      ...columnsOf(progress),
    })
    .returning<{ version: string }[]>('version');
  if (!current) return null;

  // Begun again, from another source perhaps.
  if (coverage.coveredUntil === null)
    await transaction.raw(
      'TRUNCATE story_visits, usage_kinds; TRUNCATE story_numbers, author_numbers, packed_days, usage_hours_of_stories RESTART IDENTITY',
    );
  const { hours, stories } = await deleteHours(transaction, runs);
  for (const few of fewAtOnce(cells)) await insertCells(transaction, few);
  await writeGrown(transaction, hours, cells, coverage.coveredUntil, current.version);
  const days = keptDays(coverage);
  const after = cells.map(({ hour, action, model, story_ids }) => ({
    hour,
    action,
    model,
    stories: elementsOf(story_ids),
  }));
  await writeStories(transaction, stories, after, coverage.coveredUntil, days);
  const touched = [...new Set([...hours, ...cells].map(({ hour }) => hour))].map(instantFromPostgres);
  if (anew) for (const run of runs) await recountHours(transaction, run, after);
  if (days === null) return current.version;
  if (anew) await recountDays(transaction, touched, days);
  // The day that was not covered to its end may be so now.
  const last = coverage.coveredUntil === null ? [] : [addTime(coverage.coveredUntil, -1n)];
  const coveredUntil = progress.coveredUntil ?? coverage.coveredUntil;
  await writeDays(transaction, completeDays([...touched, ...last], coveredUntil, days), days);
  return current.version;
}

/** Deletes the hours of some runs, and says which there were and of which stories. */
async function deleteHours(
  transaction: Knex,
  runs: HourRange[],
): Promise<{ hours: CountedHour[]; stories: StoriesOfCell[] }> {
  const hours: CountedHour[] = [];
  const stories: CellStories[] = [];
  for (const { from, to } of runs) {
    const within = (table: string) =>
      transaction(table).where('hour', '>=', postgresFromInstant(from)).where('hour', '<', postgresFromInstant(to));
    await within('usage_hours').delete();
    const cells = await within('usage_hours_of_stories')
      .delete()
      .returning<CellStories[]>(['hour', 'action', 'model', transaction.raw('stories::text AS stories')]);
    const counted = await within('hour_fingerprints').delete().returning<CountedHour[]>(['hour', 'requests']);
    for (const cell of cells) stories.push(cell);
    for (const hour of counted) hours.push(hour);
  }
  return { hours, stories: await withIds(transaction, stories) };
}

/** By number, as they are kept. */
type CellStories = Omit<StoriesOfCell, 'stories'> & { stories: string };

async function withIds(transaction: Knex, cells: CellStories[]): Promise<StoriesOfCell[]> {
  const ids = await idsOfArrays(
    transaction,
    'story',
    cells.map(({ stories }) => stories),
  );
  return cells.map(({ hour, action, model }, i) => ({ hour, action, model, stories: ids[i] as string[] }));
}

/** Whole hours, as many as hold few records, and at least one. */
function fewAtOnce(cells: HourCell[]): HourCell[][] {
  const groups: HourCell[][] = [];
  let records = 0;
  for (const hour of groupedBy(cells, ({ hour }) => hour).values()) {
    const more = hour.reduce((sum, { requests }) => sum + exactInteger(requests), 0);
    const last = groups.at(-1);
    if (last && records + more <= RECORDS_A_PIECE) {
      for (const cell of hour) last.push(cell);
      records += more;
    } else {
      groups.push(hour);
      records = more;
    }
  }
  return groups;
}

async function insertCells(transaction: Knex, cells: HourCell[]): Promise<void> {
  const column = (name: keyof HourCell) => cells.map((cell) => cell[name]);
  await transaction.raw(
    `INSERT INTO usage_hours (hour, action, model, requests, input_tokens, output_tokens, cost, zero_cost, no_number)
     SELECT * FROM unnest(?::timestamptz[], ?::text[], ?::text[], ?::bigint[], ?::bigint[], ?::bigint[], ?::numeric[], ?::bigint[], ?::bigint[])`,
    [
      column('hour'),
      column('action'),
      column('model'),
      column('requests'),
      column('input_tokens'),
      column('output_tokens'),
      column('cost'),
      column('zero_cost'),
      column('no_number'),
    ],
  );
  await transaction.raw(
    `INSERT INTO usage_hours_of_stories (hour, action, model, stories, authors, requests, input_tokens, output_tokens, cost)
     SELECT hour, action, model, stories::integer[], authors::integer[],
            requests::integer[], input_tokens::bigint[], output_tokens::bigint[], cost::numeric[]
       FROM unnest(?::timestamptz[], ?::text[], ?::text[], ?::text[], ?::text[], ?::text[], ?::text[], ?::text[], ?::text[])
         AS cell (hour, action, model, stories, authors, requests, input_tokens, output_tokens, cost)`,
    [
      column('hour'),
      column('action'),
      column('model'),
      await assignNumbersOfArrays(transaction, 'story', column('story_ids')),
      await assignNumbersOfArrays(transaction, 'author', column('author_ids')),
      column('story_requests'),
      column('story_input_tokens'),
      column('story_output_tokens'),
      column('story_cost'),
    ],
  );
  await transaction.raw(
    `INSERT INTO hour_fingerprints (hour, requests, fingerprint)
     SELECT hour, sum(requests), sum(fingerprint)
       FROM unnest(?::timestamptz[], ?::bigint[], ?::numeric[]) AS cell (hour, requests, fingerprint) GROUP BY hour`,
    [column('hour'), column('requests'), column('fingerprint')],
  );
}
