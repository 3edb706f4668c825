import { randomUUID } from 'node:crypto';
import type { Knex } from 'knex';
import { elementsOf } from '../../db/arrays.ts';
import { handled } from '../../units/handled.ts';
import type { Instant } from '../../units/time.ts';
import { type Coverage, readCoverage } from './coverage.ts';
import { inSnapshot, type RollupDatabases } from './refresh.ts';
import { keptCellsOf, keptFingerprintsOf, sampleKeptHours } from './sample-kept.ts';
import { readFingerprintsOf, readHourCells, runsOf, sampleHours } from './source-hours.ts';

/**
 * What became of the records that the rollups were added up from, as far as a sample of hours tells: still there in three
 * hours of four or more (`same`: what differs is late or deleted, and healed); more have come in most hours (`more`); gone
 * (`other`, another database, as far as anybody can see); or there are none at all (`empty`).
 */
type Kind = 'same' | 'more' | 'other' | 'empty';

export type Finding = {
  build: string;
  kind: Kind;
  differing: number;
  compared: number;
  /** What was seen of the source: the same twice where it stands still. */
  seen: string;
};

export type Origin = ReturnType<typeof createOrigin>;

type Log = { info: (line: string) => void; warn: (line: string) => void };

/** Whoever reads the source of the rollups confirms them at every tick, once a minute; some may be missed. */
const CONFIRMED_FOR = '5 minutes';

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

  const compareNow = async (coverage: Coverage): Promise<Finding> => {
    const place = await readPlace(databases.workflows);
    const finding = await compareWithSource(databases, coverage);
    const before = found?.kind ?? 'same';
    if (found?.build !== finding.build || !isOf(finding)) places = new Set();
    places.add(place);
    if (places.size > MOST_PLACES) places = new Set([place]);
    found = finding;
    // Once, however the numbers change from tick to tick.
    const said = sentence(finding);
    if (said !== null && finding.kind !== before) log.warn(said);
    if (said === null && before !== 'same') log.info('The rollups are of the records of workflows_db again.');
    return finding;
  };

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
    if (!places.has(await readPlace(databases.workflows))) await look(coverage);
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

    /** Writes down that a process reads the source of this build. */
    confirm: async ({ build }: Coverage): Promise<void> => {
      await databases.backoffice.raw(
        'UPDATE rollup_state SET confirmed_at = clock_timestamp(), confirmed_by = ? WHERE build = ?',
        [self, build],
      );
    },

    /** Whether another process reads the source of these rollups: it has said so lately. */
    isConfirmedElsewhere: async (): Promise<boolean> => {
      const { rows } = await databases.backoffice.raw<{ rows: [{ lately: boolean }] }>(
        `SELECT coalesce(confirmed_by <> ? AND confirmed_at > clock_timestamp() - interval '${CONFIRMED_FOR}', false) AS lately
           FROM rollup_state`,
        [self],
      );
      return rows[0].lately;
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
  if (kind === 'more')
    return `Many records of workflows_db are not in the rollups yet (${hours}). ${read} until they are.`;
  return `The rollups in backoffice_db are of another source than this workflows_db (${hours} hold other records). ${read} until they are built anew.`;
}

/** Rollups of which so large a share of hours differs are of no use, whatever the reason. */
const DIFFERING_SHARE = 1 / 4;

/** Compares a sample of hours, as the source and the rollups have them. */
export async function compareWithSource(
  { workflows, backoffice }: RollupDatabases,
  coverage: Coverage,
): Promise<Finding> {
  const { build, coveredUntil } = coverage;
  if (coveredUntil === null) return { build, kind: 'same', differing: 0, compared: 0, seen: '' };
  const kept = await sampleKeptHours(backoffice, coveredUntil);
  return inSnapshot(workflows, async (snapshot) => {
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
    const about = { build, compared: hours.length, seen };
    if (differing.length <= hours.length * DIFFERING_SHARE)
      return { ...about, kind: 'same', differing: differing.length };
    if (now.size === 0 && ofSource.length === 0) return { ...about, kind: 'empty', differing: differing.length };
    const gone = await countHoursWithGone(snapshot, backoffice, differing);
    if (gone > hours.length * DIFFERING_SHARE) return { ...about, kind: 'other', differing: gone };
    return { ...about, kind: 'more', differing: differing.length };
  });
}

/** How many of some hours the source no longer holds everything of that the rollups have counted. */
async function countHoursWithGone(snapshot: Knex, backoffice: Knex, hours: Instant[]): Promise<number> {
  const cells = await readHourCells(snapshot, runsOf(hours));
  const requests = new Map<string, number>();
  for (const { hour, action, model, ...cell } of cells) {
    const counts = elementsOf(cell.story_requests);
    elementsOf(cell.story_ids).forEach((story, i) => {
      const key = [hour, action, model, story].join('\0');
      requests.set(key, (requests.get(key) ?? 0) + Number(counts[i]));
    });
  }
  const gone = new Set<string>();
  for (const { hour, action, model, story, requests: counted } of await keptCellsOf(backoffice, hours)) {
    if ((requests.get([hour, action, model, story].join('\0')) ?? 0) < Number(counted)) gone.add(hour);
  }
  return gone.size;
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
      });
    if (begun === 0) return null;
    await transaction.raw(
      'TRUNCATE usage_hours, usage_days, usage_hours_by_story, usage_days_by_story, story_hours, story_days, rollup_days, hour_fingerprints',
    );
    return readCoverage(transaction);
  });
}
