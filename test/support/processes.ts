import { HOUR, now } from '../../src/units/time.ts';
import { databases } from './databases.ts';

/** A process of before, one of whose jobs failed for a reason that takes many words, as does what it is for. */
export async function fillProcess(id: string): Promise<void> {
  const { backoffice } = databases();
  const at = String(now() - HOUR);
  const reason = `insert into "usage_hours" ("hour", "action") values ($1, $2) - ${'canceling statement due to timeout, '.repeat(8)}`;
  const does = `Looks through the calls of complete days for ${'what only they tell, '.repeat(6)}and no more.`;
  const jobs = [{ name: 'rollups', does, lastSuccess: at, lastFailure: { at, reason } }];
  const process = {
    ...{ process: id, host: 'replica', pid: 1, version: '0', node: 'v20', memory: 1, jobs: JSON.stringify(jobs) },
    ...{ started_at: backoffice.fn.now(), seen_at: backoffice.fn.now(), stopped_at: backoffice.fn.now() },
  };
  await backoffice('processes').insert(process).onConflict('process').ignore();
}
