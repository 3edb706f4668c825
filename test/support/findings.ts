import assert from 'node:assert/strict';
import { findingId } from '../../src/findings/finding.ts';
import { addTime, DAY_OF_24_HOURS, dayOf, HOUR, type Instant, now, startOfDay } from '../../src/units/time.ts';
import type { Client } from './client.ts';
import { databases } from './databases.ts';
import { assertDescribed } from './openapi.ts';

/** That of a model whose calls were recorded at €0, as `fillPages` has some. */
const UNPRICED = findingId('unpriced', 'mystery-1');

export const FINDING_PAGES = { findings: '/findings', finding: `/findings/${UNPRICED}` };

/** A finding that is explained, and a look that could not be. */
export async function fillFindings(text: string): Promise<void> {
  const { backoffice } = databases();
  await backoffice('finding_explanations').insert({
    ...{ finding_id: UNPRICED, text, count: 1_000, euros: '0.000000' },
    explained_by: `${'ana'.padEnd(60, '.sousa')}@mythoria.pt`,
  });
  await backoffice('finding_looks').insert({ kind: 'gone', ended_at: backoffice.fn.now(), problem: text });
}

type FindingJson = {
  id: string;
  kind: string;
  subject: string;
  sentence: string;
  count: number;
  euros: number | null;
  since: string;
  records: string;
  isExplained: boolean;
  explanation: { text: string; by: string } | null;
  trend: { per: string; label: string | null; parts: { from: string; count: number; euros: number | null }[] };
};
type FindingsJson = {
  kinds: { name: string; notes: string[]; problem: string | null }[];
  findings: FindingJson[];
};

/** All of them, as docs/openapi.yaml describes them. */
export async function readFindings(client: Client): Promise<FindingsJson> {
  const answer = await client.json('get', '/api/findings');
  assert.equal(answer.status, 200, JSON.stringify(answer.body));
  assertDescribed('/api/findings', answer);
  return answer.body;
}

const ZONE = 'Europe/Lisbon';

/** Noon of the business day so many days ago. */
export const noon = (daysAgo: number): Instant =>
  addTime(startOfDay(dayOf(addTime(now(), -BigInt(daysAgo) * DAY_OF_24_HOURS), ZONE), ZONE), 12n * HOUR);
