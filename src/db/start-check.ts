import type { Knex } from 'knex';
import pg from 'pg';
import { reasonOf } from '../units/failures/reason.ts';
import { SettingsMissing } from './session-settings.ts';

/** A database as it is configured: by its name in the documentation and the setting that holds its address. */
export type Configured = { name: string; setting: string; url: string; database: Knex };

type OfConfiguration = 'workflows' | 'backoffice' | 'mythoria';

/** The databases that have an address; of the embedded ones there is none that anybody has set. */
export function configuredDatabases(
  databases: Record<OfConfiguration, Knex | null>,
  urls: Record<OfConfiguration, string | null> | null,
): Configured[] {
  if (urls === null) return [];
  return (['workflows', 'backoffice', 'mythoria'] as const).flatMap((key) => {
    const [database, url] = [databases[key], urls[key]];
    const setting = `${key.toUpperCase()}_DATABASE_URL`;
    return database && url ? [{ name: `${key}_db`, setting, url, database }] : [];
  });
}

/**
 * Why databases cannot be used until somebody changes something, a line each; none where they answer, or only do not answer
 * now, which passes by itself.
 */
export async function lastingProblems(configured: Configured[]): Promise<string[]> {
  const problems = await Promise.all(configured.map(connectionProblem));
  return problems.flatMap((problem, i) => (problem?.lasting ? [`${configured[i]?.name}: ${problem.message}`] : []));
}

/** Why a database does not answer, and whether that lasts until somebody changes something; null where it does. */
export async function connectionProblem(one: Configured): Promise<{ lasting: boolean; message: string } | null> {
  try {
    await one.database.raw('SELECT 1');
    return null;
  } catch (error) {
    const lasting = lastingProblem(error as Error & { code?: string }, one);
    return lasting === null
      ? { lasting: false, message: `does not answer now: ${wordsOf(reasonOf(error))}` }
      : { lasting: true, message: lasting };
  }
}

// Node's for certificates that nobody vouches for, of another host, or out of time.
const CERTIFICATE = /CERT|SELF_SIGNED|UNABLE_TO_(GET|VERIFY)|ERR_TLS/;
/** What PgBouncer says, all under one code, of what will not change by itself. */
const REFUSED_BY_POOLER = /no such (database|user)|authentication failed|unsupported startup parameter|not allowed/i;

/** @returns what to do in one line, or null where waiting is all */
function lastingProblem(error: Error & { code?: string }, { setting, url }: Configured): string | null {
  const { host, port, database, user } = new pg.Client({ connectionString: url });
  const server = `${host}:${port}`;
  const { code = '', message } = error;
  if (error instanceof SettingsMissing) return message;
  if (code === '3D000') return `${server} has no database "${database}": create it, or correct ${setting}`;
  if (code === '28P01') return `${server} does not take the password of "${user}": correct ${setting}`;
  if (code === '28000') return `${server} does not let "${user}" in (${wordsOf(message)}): correct ${setting}`;
  if (code === '42501')
    return `"${user}" may not connect to "${database}" at ${server}: GRANT CONNECT, or correct ${setting}`;
  if (code === '08P01' && REFUSED_BY_POOLER.test(message))
    return `${server} refuses (${wordsOf(message)}): correct ${setting}`;
  if (CERTIFICATE.test(code)) {
    return `the certificate of ${server} does not fit (${wordsOf(message)}): correct the host or sslrootcert in ${setting}`;
  }
  if (message.includes('does not support SSL'))
    return `${server} speaks no TLS: sslmode=disable in ${setting}, or let it`;
  if (/password must be a(?: non-empty)? string/.test(message))
    return `${server} asks for a password: ${setting} has none`;
  return null;
}

/**
 * Knex puts the query before what the server says, with nothing secret in this one; Node from 24 on puts its own advice
 * behind what is wrong with a certificate, which names no setting of ours.
 */
const wordsOf = (message: string) =>
  message
    .replace(/^SELECT 1 - /, '')
    .replace(/; if the root CA .*/s, '')
    .replaceAll('\n', ' ');
