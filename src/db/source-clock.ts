import type { Knex } from 'knex';
import { clockProblem, followClock } from '../units/clock.ts';
import type { Outages } from '../units/failures/outages.ts';
import { reasonOf } from '../units/failures/reason.ts';

type Log = { info: (line: string) => void; warn: (line: string) => void };

/**
 * Compares this machine's clock with the source's, goes by the latter where they differ, and logs when a difference of a
 * minute or more begins, changes or ends. A source that does not answer changes nothing, and is
 * logged unless that is left to `outages`.
 */
export async function followSourceClock(
  workflows: Knex,
  log: Log,
  outages: Pick<Outages, 'met'> = { met: () => false },
): Promise<void> {
  const before = clockProblem();
  try {
    await followClock(async () => {
      // Not now(), which is when the transaction began.
      const { rows } = await workflows.raw<{ rows: [{ time: number }] }>(
        'SELECT (extract(epoch FROM clock_timestamp()) * 1000)::float8 AS time',
      );
      return rows[0].time;
    });
  } catch (error) {
    if (!outages.met(error)) log.warn(`The clock of workflows_db cannot be read: ${reasonOf(error)}`);
  }
  const problem = clockProblem();
  if (problem === before) return;
  if (problem !== null) log.warn(problem);
  else log.info('The clock of this server agrees with the one of workflows_db again.');
}
