import { randomUUID } from 'node:crypto';
import type { Knex } from 'knex';
import { elementsOf } from '../../../db/arrays.ts';
import { handled } from '../../../units/promises/handled.ts';
import { compareInstants, type Instant } from '../../../units/time.ts';
import { type Coverage, readCoverage } from '../coverage.ts';
import { readFingerprintsOf, readHourCells, runsOf, sampleHours } from '../source-hours.ts';
import { inSnapshot, type RollupDatabases } from './refresh.ts';
import { keptCellsOf, keptFingerprintsOf, sampleKeptHours } from './sample-kept.ts';

/**
 * What became of the records that the rollups were added up from, as far as a sample of hours tells: still there (`same`: what
 * little differs in a database that is known is late or deleted, and healed); others have come or gone, in many hours, or in
 * any where the database is not known (`changed`); gone (`other`, another database, as far as anybody can see); or there are
 * none at all (`empty`).
 */
type Sameness = 'same' | 'changed' | 'other' | 'empty';

export type Finding = {
  build: string;
  /** Where the connection led that it was found on. */
  place: string;
  kind: Sameness;
  differing: number;
  compared: number;
  /** What was seen of the source: the same twice where it stands still. */
  seen: string;
};

export type Origin = ReturnType<typeof createOrigin>;

type Log = { info: (line: string) => void; warn: (line: string) => void };

/** Whoever reads the source of the rollups confirms them once a minute; some may be missed. */
const CONFIRMED_FOR = '5 minutes';

/** A source that lacks everything of so many of the newest hours is a copy from before them. */
const NEWEST_HOURS = 3;

/** Servers and databases behind one address that have been found to hold the same records; a balancer has a few. */
const MOST_PLACES = 20;

/**
 * Where a connection has led: another value asks for another comparison, the same one proves nothing. Nothing that names a
 * server is both readable by everybody and equal for a replica, a restored copy or a moved one.
 */
async function readPlace(workflows: Knex): Promise<string> {
  const { rows } = await workflows.raw<{ rows: [{ place: string }] }>(
    `SELECT concat_ws(' ', pg_postmaster_start_time(), inet_server_addr(), inet_server_port(), oid) AS place
       FROM pg_database WHERE datname = current_database()`,
  );
  return rows[0].place;
}

/**
 * Whether the rollups are of the source that this process reads. One for all of a process: what the tick finds is known to
 * the pages at once. Compares by content (docs/decisions/origin-of-rollups.md).
 */
export function createOrigin(databases: RollupDatabases, log: Log) {
  const self = randomUUID();
  let found: Finding | null = null;
  let places = new Set<string>();
  let looking: Promise<Finding> | null = null;

  const keepFound = (finding: Finding): Finding => {
    const before = found?.kind ?? 'same';
    if (found?.build !== finding.build || ['other', 'empty'].includes(finding.kind)) places = new Set();
    if (isOf(finding)) places.add(finding.place);
    if (places.size > MOST_PLACES) places = new Set([finding.place]);
    found = finding;
    // Once, however the numbers change from tick to tick.
    const said = sentence(finding);
    if (said !== null && finding.kind !== before) log.warn(said);
    if (said === null && before !== 'same') log.info('The rollups are of the records of workflows_db again.');
    return finding;
  };

  const compareNow = async (coverage: Coverage): Promise<Finding> =>
    keepFound(await compareWithSource(databases, coverage, found?.build === coverage.build ? places : new Set()));

  /** Compares now; those who ask meanwhile get the same answer. */
  const look = (coverage: Coverage): Promise<Finding> => {
    if (looking === null) {
      const begun = handled(compareNow(coverage));
      looking = begun;
      const ended = () => {
        looking = null;
      };
      begun.then(ended, ended);
    }
    return looking;
  };

  /** Compares again, for whoever asks next, where the source's address has begun to lead somewhere else. */
  const watchPlace = async (coverage: Coverage): Promise<void> => {
    const place = await readPlace(databases.workflows);
    if (place !== found?.place && !places.has(place)) await look(coverage);
  };

  return {
    look,

    /** Whether rollups may be read for the source. Compares at the first question, and whenever they have been begun again. */
    fits: async (coverage: Coverage): Promise<boolean> => {
      if (coverage.coveredUntil === null) return true;
      if (found?.build !== coverage.build) return isOf(await look(coverage));
      // The answer does not wait for it; a source that does not answer is told by what is asked of it.
      watchPlace(coverage).catch(() => {});
      return isOf(found);
    },

    /** A sentence for people while rollups are not read; null when they are. */
    problem: (): string | null => (found === null ? null : sentence(found)),

    /** Writes down that a process reads the source of this build, and where. */
    confirm: async ({ build }: Coverage): Promise<void> => {
      await databases.backoffice.raw(
        'UPDATE rollup_state SET confirmed_at = clock_timestamp(), confirmed_by = ?, confirmed_place = ? WHERE build = ?',
        [self, found?.place ?? null, build],
      );
    },

    /** Whether another process reads the source of these rollups, which is not known to be this one: it has said so lately. */
    isConfirmedElsewhere: async (): Promise<boolean> => {
      const { rows } = await databases.backoffice.raw<{ rows: [{ lately: boolean }] }>(
        `SELECT coalesce(confirmed_by <> ? AND confirmed_place IS DISTINCT FROM ?
                         AND confirmed_at > clock_timestamp() - interval '${CONFIRMED_FOR}', false) AS lately
           FROM rollup_state`,
        [self, found?.place ?? null],
      );
      return rows[0].lately;
    },

    /**
     * After `mendAll`, which makes every covered hour what the source says, the rollups are of this source, wherever else they
     * came from. The build has another name from the first hour on, so that whoever reads another source looks again.
     */
    takeOver: async ({ build }: Coverage, finding: Finding, mendAll: () => Promise<unknown>): Promise<boolean> => {
      const { rows } = await databases.backoffice.raw<{ rows: { build: string }[] }>(
        `UPDATE rollup_state SET build = ?, confirmed_at = clock_timestamp(), confirmed_by = ?, confirmed_place = NULL
          WHERE build = ? RETURNING build`,
        [randomUUID(), self, build],
      );
      const [renamed] = rows;
      if (!renamed) return false;
      await mendAll();
      keepFound({ ...finding, build: renamed.build, kind: 'same' });
      return true;
    },
  };
}

export const isOf = ({ kind }: Pick<Finding, 'kind'>): boolean => kind === 'same';

function sentence({ kind, differing, compared }: Finding): string | null {
  if (kind === 'same') return null;
  const read = 'Everything is read from the records themselves';
  if (kind === 'empty')
    return `workflows_db holds none of the records that the rollups were added up from: is this the right database? ${read}, and the rollups are kept.`;
  const hours = `${differing} of ${compared} hours that were compared`;
  if (kind === 'changed')
    return `Records of workflows_db have come or gone since the rollups were added up (${hours}). ${read} until the rollups are right again.`;
  return `The rollups in backoffice_db are of another source than this workflows_db (${hours} hold other records). ${read} until they are built anew.`;
}

/** Rollups of which so large a share of hours differs are of no use, whatever the reason. */
const DIFFERING_SHARE = 1 / 4;

/**
 * Compares a sample of hours, as the source and the rollups have them. A connection that leads to one of the `known` places,
 * or to where this build was last confirmed, leads to the database that the rollups are of, whatever became of its records.
 */
export async function compareWithSource(
  { workflows, backoffice }: RollupDatabases,
  coverage: Coverage,
  known: ReadonlySet<string> = new Set(),
): Promise<Finding> {
  const { build, coveredUntil } = coverage;
  return inSnapshot(workflows, async (snapshot) => {
    const place = await readPlace(snapshot);
    if (coveredUntil === null) return { build, place, kind: 'same', differing: 0, compared: 0, seen: '' };
    const kept = await sampleKeptHours(backoffice, coveredUntil);
    // Of single hours, which the planner takes for a ninth of the table each.
    await snapshot.raw('SET LOCAL enable_seqscan = off');
    const ofSource = await sampleHours(snapshot, coveredUntil);
    const hours = [...new Set([...kept, ...ofSource])];
    const now = await readFingerprintsOf(snapshot, runsOf(hours));
    const before = await keptFingerprintsOf(backoffice, hours);
    const differing = hours.filter((hour) => now.get(hour) !== before.get(hour));
    const seen = [...now]
      .map(([hour, fingerprint]) => `${hour} ${fingerprint}`)
      .sort()
      .join();
    const about = { build, place, compared: hours.length, seen };
    if (differing.length === 0) return { ...about, kind: 'same', differing: 0 };
    if (now.size === 0 && ofSource.length === 0) return { ...about, kind: 'empty', differing: differing.length };
    const isFew = differing.length <= hours.length * DIFFERING_SHARE;
    const gone = isFew ? 0 : await countHoursGone(snapshot, backoffice, differing);
    if (gone > hours.length * DIFFERING_SHARE) return { ...about, kind: 'other', differing: gone };
    const isKnown = known.has(place) || (await isConfirmedAt(backoffice, build, place));
    const newest = [...kept].sort(compareInstants).slice(-NEWEST_HOURS);
    const isBefore = newest.length === NEWEST_HOURS && newest.every((hour) => !now.has(hour));
    if (isBefore && !isKnown) return { ...about, kind: 'other', differing: differing.length };
    const kind = isFew && isKnown && !isBefore ? 'same' : 'changed';
    return { ...about, kind, differing: differing.length };
  });
}

async function isConfirmedAt(backoffice: Knex, build: string, place: string): Promise<boolean> {
  return (await backoffice('rollup_state').where({ build, confirmed_place: place }).first()) !== undefined;
}

/**
 * How many of some hours have lost more than half of the requests that the rollups have counted, each of a story, an action and
 * a model. Another database has next to none of them; of an author who is deleted, every hour loses a few.
 */
async function countHoursGone(snapshot: Knex, backoffice: Knex, hours: Instant[]): Promise<number> {
  const cells = await readHourCells(snapshot, runsOf(hours));
  const requests = new Map<string, number>();
  for (const { hour, action, model, ...cell } of cells) {
    const counts = elementsOf(cell.story_requests);
    elementsOf(cell.story_ids).forEach((story, i) => {
      const key = [hour, action, model, story].join('\0');
      requests.set(key, (requests.get(key) ?? 0) + Number(counts[i]));
    });
  }
  const kept = new Map<string, { counted: number; left: number }>();
  for (const { hour, action, model, story, requests: counted } of await keptCellsOf(backoffice, hours)) {
    const left = Math.min(requests.get([hour, action, model, story].join('\0')) ?? 0, Number(counted));
    const sum = kept.get(hour) ?? { counted: 0, left: 0 };
    kept.set(hour, { counted: sum.counted + Number(counted), left: sum.left + left });
  }
  return [...kept.values()].filter(({ counted, left }) => left < counted / 2).length;
}

/** Begins the rollups again, as if there had never been any. Null when another process has written meanwhile. */
export function beginAgain(backoffice: Knex, { version }: Coverage): Promise<Coverage | null> {
  return backoffice.transaction(async (transaction) => {
    const begun = await transaction('rollup_state')
      .where({ version })
      .update({
        version: transaction.raw('version + 1'),
        content_version: transaction.raw('version + 1'),
        build: randomUUID(),
        covered_until: null,
        audit_began_at: null,
        audit_position: null,
        audited_until: null,
        confirmed_at: null,
        confirmed_by: null,
        confirmed_place: null,
      });
    if (begun === 0) return null;
    await transaction.raw(
      'TRUNCATE usage_hours, usage_days, usage_hours_of_stories, packed_days, story_hours, story_days, rollup_days, hour_fingerprints',
    );
    return readCoverage(transaction);
  });
}
