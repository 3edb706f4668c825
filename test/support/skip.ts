import { appendFileSync, existsSync, readFileSync, rmSync } from 'node:fs';
import { onServer } from './databases.ts';

/** The setting by which a run tells its workers where to write down what they skip. */
const SKIPPED = 'TEST_SKIPPED';

/** Leaves out a test, or all of a group where a hook calls it. The run says so at its end, and why. */
export function skip(context: Mocha.Context, reason: string): never {
  const title = context.test?.fullTitle().replace(/ "before (all|each)" hook.*/, '');
  appendFileSync(process.env[SKIPPED] ?? '/dev/null', `${reason}\t${title}\n`);
  context.skip();
  throw new Error('a skipped test goes on');
}

/** Leaves out what needs a program that is not here; a run that must have all of them (REQUIRE_PROGRAMS=1) fails instead. */
export function missing(context: Mocha.Context, program: string): never {
  if (process.env.REQUIRE_PROGRAMS === '1') throw new Error(`${program} is missing`);
  skip(context, `no ${program}`);
}

/** For what takes several connections that see each other, a role or a process of its own: an embedded database has none. */
export function needsServer(context: Mocha.Context): void {
  if (!onServer()) skip(context, 'no PostgreSQL server (TEST_DATABASE_URL)');
}

/** Once for a run, before its workers start. */
export function writeSkippedTo(path: string): void {
  process.env[SKIPPED] = path;
}

/** Prints what was skipped, by reason. */
export function printSkipped(): void {
  const path = process.env[SKIPPED];
  if (!path || !existsSync(path)) return;
  const titles = new Map<string, string[]>();
  for (const line of readFileSync(path, 'utf8').trimEnd().split('\n')) {
    const [reason = '', title = ''] = line.split('\t');
    titles.set(reason, [...(titles.get(reason) ?? []), title]);
  }
  for (const [reason, skipped] of titles) {
    console.log(`\n  Left out, for there is ${reason}:`);
    for (const title of skipped.sort()) console.log(`    ${title}`);
  }
  rmSync(path);
}
