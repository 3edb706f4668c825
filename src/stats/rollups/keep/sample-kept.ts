import type { Knex } from 'knex';
import { type Instant, instantFromPostgres, postgresFromInstant } from '../../../units/time.ts';
import { HOURS_A_SAMPLE } from '../source-hours.ts';

/** The last hours of the rollups that hold records, and others spread evenly over all of them. */
export async function sampleKeptHours(backoffice: Knex, before: Instant): Promise<Instant[]> {
  const { rows } = await backoffice.raw<{ rows: { hour: string }[] }>(
    `SELECT hour
       FROM (SELECT hour, row_number() OVER (ORDER BY hour DESC) AS number, count(*) OVER () AS hours
               FROM hour_fingerprints WHERE hour < ?) AS numbered
      WHERE number <= ? OR number % greatest(1, hours / ?) = 0`,
    [postgresFromInstant(before), HOURS_A_SAMPLE, HOURS_A_SAMPLE],
  );
  return rows.map(({ hour }) => instantFromPostgres(hour));
}

/** What some hours were added up from, as a fingerprint each; those without records are not in it. */
export async function keptFingerprintsOf(backoffice: Knex, hours: Instant[]): Promise<Map<Instant, string>> {
  const rows = await backoffice('hour_fingerprints')
    .whereRaw('hour = ANY(?::timestamptz[])', [hours.map(postgresFromInstant)])
    .select<{ hour: string; requests: string; fingerprint: string }[]>('hour', 'requests', 'fingerprint');
  return new Map(
    rows.map(({ hour, requests, fingerprint }) => [instantFromPostgres(hour), `${requests} ${fingerprint}`]),
  );
}

type KeptCell = { hour: string; action: string; model: string; story: string; requests: string };

/** How many requests the rollups count of each story in some hours. */
export async function keptCellsOf(backoffice: Knex, hours: Instant[]): Promise<KeptCell[]> {
  const { rows } = await backoffice.raw<{ rows: KeptCell[] }>(
    `SELECT hour, action, model, story_id AS story, sum(one.requests) AS requests
       FROM usage_hours_of_stories AS hours
      CROSS JOIN LATERAL unnest(stories, hours.requests) AS one (number, requests)
       JOIN story_numbers USING (number)
      WHERE hour = ANY(?::timestamptz[])
      GROUP BY 1, 2, 3, 4`,
    [hours.map(postgresFromInstant)],
  );
  return rows;
}
