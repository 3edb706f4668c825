import type { Knex } from 'knex';
import { exactInteger } from '../../../units/integer.ts';
import { handled } from '../../../units/promises/handled.ts';
import { addTime, earliest, HOUR, type Instant, instantFromPostgres, now, startOfHour } from '../../../units/time.ts';
import { LATE_COMMITS, readCoverage } from '../coverage.ts';
import { endOfRecords, type HourRange, readEarliest } from '../source-hours.ts';
import { RECORDS_A_PIECE } from './limits.ts';
import { beginAgain, compareWithSource } from './origin.ts';
import { type RollupDatabases, readAnew } from './refresh.ts';
import { type Changes, writeChanges } from './write.ts';
import { adoptTimeZone, buildDays } from './write-days.ts';

/** The hour up to which rollups can be complete at an instant. */
export function coverableUntil(instant: Instant): Instant {
  return startOfHour(addTime(instant, -LATE_COMMITS));
}

const hoursBetween = (from: Instant, to: Instant): number => Number((to - from) / HOUR);

/** Hours, and how many records those that are done held. */
export type BackfillProgress = { done: number; total: number; records: number };

const recordsIn = ({ cells }: Changes): number => cells.reduce((sum, { requests }) => sum + exactInteger(requests), 0);

/**
 * Brings coverage up to now, oldest chunk first: a later chunk then always sees what an earlier one was computed from or
 * newer, and what differs is healed by the audit. Reports progress.
 */
export async function backfill(
  databases: RollupDatabases,
  timeZone: string,
  at: Instant,
  onProgress: (progress: BackfillProgress) => void = () => {},
): Promise<void> {
  const { workflows, backoffice } = databases;
  await adoptTimeZone(backoffice, timeZone);
  const target = coverableUntil(at);
  let coverage = await readCoverage(backoffice);
  const begin = coverage.coveredUntil ?? (await firstHour(workflows, target));
  const chunkFrom = (from: Instant) => nextChunk(workflows, from, target);
  const read = (chunk: HourRange | null) => chunk && readAnew(workflows, chunk);
  let records = 0;
  let chunk = await chunkFrom(begin);
  let reading = handled(read(chunk));
  while (chunk && reading) {
    const changes = await reading;
    // The source works on the next chunk while this one is written.
    const next = await chunkFrom(chunk.to);
    reading = handled(read(next));
    const coveredUntil = chunk.to;
    const version = await writeChanges(backoffice, changes, coverage, { coveredUntil });
    if (version !== null) {
      coverage = { ...coverage, version, coveredUntil };
      records += recordsIn(changes);
      chunk = next;
    } else {
      // Another refresher has moved on, or begun again; continue from where it is.
      coverage = await readCoverage(backoffice);
      chunk = await chunkFrom(coverage.coveredUntil ?? (await firstHour(workflows, target)));
      reading = handled(read(chunk));
    }
    const done = hoursBetween(begin, coverage.coveredUntil ?? begin);
    onProgress({ done, total: hoursBetween(begin, target), records });
  }
}

/** What is computed at once: as many hours as hold few records, and at least one, so that empty stretches cost nothing. Null at the end. */
async function nextChunk(workflows: Knex, from: Instant, end: Instant): Promise<HourRange | null> {
  return from >= end ? null : { from, to: await endOfRecords(workflows, { from, to: end }, RECORDS_A_PIECE) };
}

/** Where the rollups begin: the hour of the oldest record, or where they are to end when there is none. */
async function firstHour(workflows: Knex, target: Instant): Promise<Instant> {
  const first = await readEarliest(workflows);
  return earliest(startOfHour(first ?? target), target);
}

/**
 * Computes every covered hour again, oldest chunk first, while readers go on with what is there; then covers up to now. What is of
 * another source goes at once.
 */
export async function rebuild(
  databases: RollupDatabases,
  timeZone: string,
  onProgress: (progress: BackfillProgress) => void,
): Promise<void> {
  const coverage = await readCoverage(databases.backoffice);
  const isOfSource = ['same', 'changed'].includes((await compareWithSource(databases, coverage)).kind);
  const { coveredUntil } = isOfSource ? coverage : ((await beginAgain(databases.backoffice, coverage)) ?? coverage);
  const begin = await oldestHour(databases);
  let records = 0;
  if (coveredUntil !== null && begin !== null) {
    const total = hoursBetween(begin, coveredUntil);
    let chunk = await nextChunk(databases.workflows, begin, coveredUntil);
    while (chunk) {
      const current = await readCoverage(databases.backoffice);
      // Begun again by another process: what follows covers all of it.
      if (current.coveredUntil === null) break;
      const changes = await readAnew(databases.workflows, chunk);
      if ((await writeChanges(databases.backoffice, changes, current, {}, { anew: true })) === null) continue;
      records += recordsIn(changes);
      onProgress({ done: hoursBetween(begin, chunk.to), total, records });
      chunk = await nextChunk(databases.workflows, chunk.to, coveredUntil);
    }
  }
  await backfill(databases, timeZone, now(), (progress) =>
    onProgress({ ...progress, records: records + progress.records }),
  );
  await buildDays(databases.backoffice);
}

/** The oldest hour that has records or rollups, or null without any. */
export async function oldestHour({ workflows, backoffice }: RollupDatabases): Promise<Instant | null> {
  const first = await readEarliest(workflows);
  const stored = await backoffice('hour_fingerprints').min<{ min: string | null }[]>('hour as min').first();
  const candidates = [
    ...(first === null ? [] : [startOfHour(first)]),
    ...(stored?.min ? [instantFromPostgres(stored.min)] : []),
  ];
  return candidates.length === 0 ? null : candidates.reduce(earliest);
}
