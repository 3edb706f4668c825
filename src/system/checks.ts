import type { Knex } from 'knex';
import { nameIndexAdvice } from '../catalog/name-index.ts';
import { MOST_CONNECTIONS } from '../db/connect.ts';
import { connectionLimitProblems } from '../db/connection-limits.ts';
import { migrationState, writeProblems } from '../db/migrate.ts';
import { nameProblems, type SourceProblem, sourceProblems } from '../db/source-check.ts';
import { followSourceClock } from '../db/source-clock.ts';
import { existingIndexes, RECOMMENDED_INDEXES } from '../stats/indexes.ts';
import { readCoverage } from '../stats/rollups/coverage.ts';
import { createOrigin } from '../stats/rollups/keep/origin.ts';
import { clockProblem } from '../units/clock.ts';
import { placeOf, roomOf } from './disk.ts';
import { timeZoneProblem } from './time-zone.ts';

/** `ok`: what is so; `note`: works, and somebody may want it so; `wrong`: something is to be done. */
export type Finding = { level: 'ok' | 'note' | 'wrong'; text: string };

/** The databases that answer; `all` is how many connections a process has to each one's server. */
export type Checked = {
  workflows: Knex | null;
  backoffice: Knex | null;
  mythoria: Knex | null;
  all: (name: Name) => number;
  timeZone: string;
  /** Whether a database's server is on this machine. */
  isHere: (name: Name) => boolean;
};
export type Name = keyof typeof MOST_CONNECTIONS;

/** Of a database that answers. Returns nothing where all is well, and it then `is` so. */
type Check = { of: Name; is: string; run: (database: Knex, checked: Checked) => Promise<Finding[]> };

const wrong = (text: string): Finding => ({ level: 'wrong', text });
const note = (text: string): Finding => ({ level: 'note', text });
const ok = (text: string): Finding => ({ level: 'ok', text });
const fromStart = ({ isChoice, message }: SourceProblem): Finding => (isChoice ? note(message) : wrong(message));

const [OLDEST, NEWEST] = [13, 18];

async function checkVersion(database: Knex): Promise<Finding[]> {
  const { rows } = await database.raw<{ rows: [{ number: string; version: string }] }>(
    `SELECT current_setting('server_version_num') AS number, current_setting('server_version') AS version`,
  );
  const [{ number, version }] = rows;
  const major = Math.floor(Number(number) / 10_000);
  if (major < OLDEST)
    return [wrong(`PostgreSQL ${version} is older than ${OLDEST}, the oldest that this program runs on`)];
  return major > NEWEST
    ? [note(`PostgreSQL ${version} is newer than ${NEWEST}, the newest that this program was tried on`)]
    : [];
}

const versionOf = (of: Name): Check => ({ of, is: 'is of a version that was tried', run: checkVersion });

const connectionsOf = (of: Name): Check => ({
  of,
  is: `takes ${MOST_CONNECTIONS[of]} connections of each of two processes`,
  run: async (database, { all }) => (await connectionLimitProblems(database, MOST_CONNECTIONS[of], all(of))).map(wrong),
});

const timeZoneOf = (of: Name): Check => ({
  of,
  is: 'counts the days of TIME_ZONE as this program does',
  run: async (database, { timeZone }) => {
    const problem = await timeZoneProblem(database, timeZone);
    return problem === null ? [] : [wrong(problem)];
  },
});

/** In this order. A new check is an entry here; what the start checks is the start's own function. */
export const CHECKS: Check[] = [
  versionOf('workflows'),
  connectionsOf('workflows'),
  {
    of: 'workflows',
    is: 'has every column, row and right that is needed, and no right to write',
    run: async (workflows) => (await sourceProblems(workflows)).map(fromStart),
  },
  {
    of: 'workflows',
    is: 'has the recommended indexes',
    run: async (workflows) => {
      const existing = await existingIndexes(workflows);
      return RECOMMENDED_INDEXES.filter(({ name }) => !existing.has(name)).map(({ serves, statement }) =>
        note(`an index is missing that makes fast: ${serves}. As the table's owner: ${statement};`),
      );
    },
  },
  {
    of: 'workflows',
    is: 'has the time that this machine has',
    run: async (workflows) => {
      const said: string[] = [];
      const log = { info: () => {}, warn: (line: string) => said.push(line) };
      await followSourceClock(workflows, log);
      const off = clockProblem();
      return said.map((line) => wrong(line === off ? `${line} Set it by NTP.` : line));
    },
  },
  timeZoneOf('workflows'),
  versionOf('backoffice'),
  connectionsOf('backoffice'),
  {
    of: 'backoffice',
    is: 'may be written to and migrated',
    run: async (backoffice) => (await writeProblems(backoffice)).map(wrong),
  },
  {
    of: 'backoffice',
    is: 'has the newest schema',
    run: async (backoffice) => {
      const { missing, newer } = await migrationState(backoffice);
      return [
        ...(missing.length > 0 ? [wrong(`lacks ${missing.join(', ')}: start the server, or npm run migrate`)] : []),
        ...(newer.length > 0
          ? [note(`was migrated by a newer version (${newer.join(', ')}), which only adds to it`)]
          : []),
      ];
    },
  },
  {
    of: 'backoffice',
    is: 'has the index of names',
    run: async (backoffice) => (await nameIndexAdvice(backoffice)).map(note),
  },
  {
    of: 'backoffice',
    is: 'has rollups of this workflows_db',
    run: async (backoffice, { workflows }) => {
      if (workflows === null || (await migrationState(backoffice)).missing.length > 0) return [];
      if ((await sourceProblems(workflows)).some(({ fatal }) => fatal)) return [];
      const origin = createOrigin({ workflows, backoffice }, { info: () => {}, warn: () => {} });
      const { kind } = await origin.look(await readCoverage(backoffice));
      const problem = origin.problem();
      if (problem === null) return [];
      // A tick makes them right.
      return [kind === 'changed' ? note(problem) : wrong(problem)];
    },
  },
  timeZoneOf('backoffice'),
  {
    of: 'backoffice',
    is: 'has room',
    run: async (backoffice, { isHere }) => {
      const { size, folder } = await placeOf(backoffice);
      const room = folder !== null && isHere('backoffice') ? await roomOf(folder) : null;
      if (room === null) return [ok(`is ${size}; how much room its server has cannot be seen from here`)];
      if (room.enough) return [ok(`is ${size}; ${room.text} where its server keeps it`)];
      return [wrong(`is ${size}, and only ${room.text} at ${folder}, where its server keeps it: make room there`)];
    },
  },
  versionOf('mythoria'),
  connectionsOf('mythoria'),
  {
    of: 'mythoria',
    is: 'has every name and right that is needed',
    run: async (mythoria) => (await nameProblems(mythoria)).map(fromStart),
  },
];
