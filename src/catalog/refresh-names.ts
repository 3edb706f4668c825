import type { Knex } from 'knex';
import type { Logger } from 'pino';
import type { Outages } from '../units/failures/outages.ts';
import { reasonOf } from '../units/failures/reason.ts';
import {
  blockOf,
  NAME_KINDS,
  NAME_SOURCES,
  type NameDatabases,
  type NamedId,
  type NameKind,
  writeNames,
} from './known-names.ts';
import { makeNameIndex } from './name-index.ts';

/** Names read in one snapshot. */
const ROUND = 50_000;
/** Names folded and written at once: more would keep requests waiting. */
const BATCH = 1_000;

/** What a block without names adds up to. */
const NOTHING = '0';

type Block = { block: number; names: number; fingerprint: string };

/** Long enough for a hundred thousand new names, short enough for the rest of a tick. */
const WITHIN_MS = 10_000;

/** A tick's work on names. Fails never: what goes wrong is logged, once while it stays the same, and tried again. */
export function nameRefresher(
  databases: NameDatabases,
  log: Logger,
  outages: Outages,
): (isStopping: () => boolean) => Promise<void> {
  let said = '';
  let indexed = false;
  const warn = (message: string) => {
    if (message !== said) log.warn(message);
    said = message;
  };
  const index = async () => {
    if (indexed) return;
    const reason = await makeNameIndex(databases.backoffice);
    // Once a process: a role that may not would leave an error in the server's log every minute.
    indexed = true;
    if (reason) log.warn(`Searches for names are slow without the extension pg_trgm in backoffice_db: ${reason}`);
  };
  return async (isStopping) => {
    const begin = performance.now();
    const isLate = () => isStopping() || performance.now() - begin > WITHIN_MS;
    let failed = false;
    // Each in its own right: neither a lock on the table nor an outage of mythoria_db keeps the other from being done.
    for (const work of [index, () => refreshNames(databases, { isLate })]) {
      try {
        await work();
      } catch (error) {
        failed = true;
        if (!isStopping() && !outages.met(error)) warn(`names: tick failed: ${reasonOf(error)}`);
      }
    }
    if (!failed) said = '';
  };
}

/**
 * Makes the known names those of mythoria_db, which has no column that says what has changed: the server adds up a hash of
 * each block of its names, and the blocks that differ from last time are read. What it no longer has is deleted, unless a
 * page has shown it. Goes on until `isLate`, a round of each kind at least; the next call begins with what is left. A round
 * is of `atOnce` names, or of one block with more.
 */
export async function refreshNames(
  { mythoria, backoffice }: NameDatabases,
  { isLate = () => false, atOnce = ROUND }: { isLate?: () => boolean; atOnce?: number } = {},
): Promise<void> {
  await foldLeft(backoffice, isLate);
  if (mythoria === null) return;
  for (const kind of NAME_KINDS) await refreshKind(mythoria, backoffice, kind, isLate, atOnce);
}

/** Folds what is not yet: names kept by an earlier version of the program. */
async function foldLeft(backoffice: Knex, isLate: () => boolean): Promise<void> {
  for (const kind of NAME_KINDS) {
    while (!isLate()) {
      const { rows } = await backoffice.raw<{ rows: NamedId[] }>(
        'SELECT id, name FROM known_names WHERE kind = ? AND folded IS NULL ORDER BY id LIMIT ?',
        [kind, BATCH],
      );
      if (rows.length === 0) break;
      await writeNames(backoffice, kind, rows, { shown: false });
    }
  }
}

async function refreshKind(
  mythoria: Knex,
  backoffice: Knex,
  kind: NameKind,
  isLate: () => boolean,
  atOnce: number,
): Promise<void> {
  // One round always, so that a slow database gets there too.
  do {
    const { round, current, names, unread } = await readRound(mythoria, backoffice, kind, atOnce);
    await writeRound(backoffice, kind, round, current);
    await backoffice.raw(
      `INSERT INTO name_state AS state (kind, names, unread) VALUES (?, ?, ?)
       ON CONFLICT (kind) DO UPDATE SET names = excluded.names, unread = excluded.unread
        WHERE (state.names, state.unread) <> (excluded.names, excluded.unread)`,
      [kind, names, unread],
    );
    if (unread === 0) break;
  } while (!isLate());
}

type Round = {
  /** The blocks that are read, and their names. */
  round: Block[];
  current: NamedId[];
  /** How many names there are, and how many are in blocks that are left for later. */
  names: number;
  unread: number;
};

/** Blocks and their names in one snapshot, so that a fingerprint is that of the names read. */
async function readRound(mythoria: Knex, backoffice: Knex, kind: NameKind, atOnce: number): Promise<Round> {
  const { table, id, name } = NAME_SOURCES[kind];
  return mythoria.transaction(
    async (snapshot) => {
      await snapshot.raw(`SET LOCAL statement_timeout = '60s'`);
      const blocks = await readBlocks(snapshot, kind);
      const changed = await changedBlocks(backoffice, kind, blocks);
      const round = takeRound(changed, atOnce);
      const { rows: current } = round.some(({ names }) => names > 0)
        ? await snapshot.raw<{ rows: NamedId[] }>(
            `SELECT ${id} AS id, coalesce(${name}, '') AS name FROM ${table} WHERE ${blockOf(id)} = ANY(?::integer[])`,
            [round.map(({ block }) => block)],
          )
        : { rows: [] };
      return { round, current, names: namesIn(blocks), unread: namesIn(changed.slice(round.length)) };
    },
    { isolationLevel: 'repeatable read', readOnly: true },
  );
}

const namesIn = (blocks: Block[]) => blocks.reduce((sum, { names }) => sum + names, 0);

/** What each block of names adds up to now: one look at every name, without moving it. */
async function readBlocks(snapshot: Knex, kind: NameKind): Promise<Block[]> {
  const { table, id, name } = NAME_SOURCES[kind];
  const { rows } = await snapshot.raw<{ rows: Block[] }>(
    `SELECT ${blockOf(id)} AS block, count(*)::integer AS names, sum(hashtextextended(coalesce(${name}, ''), uuid_hash_extended(${id}, 0))) AS fingerprint
       FROM ${table} GROUP BY 1`,
  );
  return rows;
}

/** Those that are not as they were when they were read, also those whose names were all erased. */
async function changedBlocks(backoffice: Knex, kind: NameKind, blocks: Block[]): Promise<Block[]> {
  const stored = await backoffice('name_blocks').where({ kind }).select<Block[]>('block', 'fingerprint');
  const now = new Map(blocks.map((block) => [block.block, block]));
  const before = new Map(stored.map(({ block, fingerprint }) => [block, fingerprint]));
  return [...new Set([...before.keys(), ...now.keys()])]
    .map((block) => now.get(block) ?? { block, names: 0, fingerprint: NOTHING })
    .filter(({ block, fingerprint }) => before.get(block) !== fingerprint);
}

function takeRound(blocks: Block[], atOnce: number): Block[] {
  let names = 0;
  const end = blocks.findIndex((block) => {
    names += block.names;
    return names > atOnce;
  });
  return end === -1 ? blocks : blocks.slice(0, Math.max(1, end));
}

async function writeRound(backoffice: Knex, kind: NameKind, round: Block[], current: NamedId[]): Promise<void> {
  if (round.length === 0) return;
  const blocks = round.map(({ block }) => block);
  const { rows: known } = await backoffice.raw<{ rows: NamedId[] }>(
    `SELECT id, name FROM known_names WHERE kind = '${kind}' AND ${blockOf('id')} = ANY(?::integer[])`,
    [blocks],
  );
  const before = new Map(known.map(({ id, name }) => [id, name]));
  // A blank name would be a link without text.
  const named = current.filter(({ name }) => name.trim() !== '');
  const changed = named.filter(({ id, name }) => before.get(id) !== name);
  for (const { id } of named) before.delete(id);
  for (let i = 0; i < changed.length; i += BATCH)
    await writeNames(backoffice, kind, changed.slice(i, i + BATCH), { shown: false });
  await backoffice.transaction(async (transaction) => {
    await transaction.raw(`DELETE FROM known_names WHERE kind = '${kind}' AND id = ANY(?::uuid[]) AND NOT shown`, [
      [...before.keys()],
    ]);
    await transaction.raw(
      `INSERT INTO name_blocks (kind, block, fingerprint) SELECT '${kind}', * FROM unnest(?::integer[], ?::numeric[])
       ON CONFLICT (kind, block) DO UPDATE SET fingerprint = excluded.fingerprint`,
      [blocks, round.map(({ fingerprint }) => fingerprint)],
    );
  });
}
