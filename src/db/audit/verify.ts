import type { Knex } from 'knex';
import { type ChainEnds, type ChainedLine, chainedHash, IS_LATE, LINE_COLUMNS } from './chain.ts';

const A_BATCH = 5000;

export type Verified = {
  /** How many lines are as they were written, and up to which. */
  lines: number;
  upTo: string | null;
  /** The hash of that one: noted elsewhere, it tells whether everything was written anew. */
  hash: string;
  /** Lines that were deleted as too old, and lines that the next run of the job will chain. */
  forgotten: number;
  waiting: number;
  /** What is wrong with the first line that is; null where none is. */
  problem: string | null;
};

type Link = { place: string; audit_id: string; hash: string } & {
  [Column in keyof ChainedLine as `line_${Column}`]: ChainedLine[Column] | null;
};

/** Walks the chain of the audit log from its first line on, as it is at one moment, until one is wrong. */
export function verifyChain(backoffice: Knex): Promise<Verified> {
  return backoffice.transaction(walk, { isolationLevel: 'repeatable read', readOnly: true });
}

async function walk(snapshot: Knex): Promise<Verified> {
  const ends = await snapshot('audit_chain_ends').first<ChainEnds | undefined>();
  if (ends === undefined) {
    const nothing = { lines: 0, upTo: null, hash: '', forgotten: 0, waiting: 0 };
    return { ...nothing, problem: 'what says where it begins and ends was removed' };
  }
  let place = BigInt(ends.forgotten);
  let hash = ends.before_hash;
  let upTo: string | null = null;
  let lines = 0;
  const putIn = await firstPutIn(snapshot, ends);
  const stopped = (problem: string | null, waiting = 0): Verified => ({
    ...{ lines, upTo, hash, waiting, forgotten: Number(ends.forgotten) },
    problem: problem ?? (putIn === null ? null : `line ${putIn} was put in`),
  });
  for (;;) {
    const links = await linksAfter(snapshot, place);
    for (const link of links) {
      place += 1n;
      const behind = upTo === null ? 'at the beginning' : `behind line ${upTo}`;
      if (BigInt(link.place) !== place) return stopped(`what stood ${behind} was removed`);
      if (link.line_audit_id === null) return stopped(`line ${link.audit_id} was removed`);
      const line = Object.fromEntries(LINE_COLUMNS.map((column) => [column, link[`line_${column}`]])) as ChainedLine;
      if (chainedHash(hash, line) !== link.hash) return stopped(`line ${link.audit_id} was changed`);
      // Chained later than it stands: the walk has passed by its place.
      if (putIn !== null && BigInt(putIn) < BigInt(link.audit_id)) return stopped(null);
      hash = link.hash;
      upTo = link.audit_id;
      lines += 1;
    }
    if (links.length < A_BATCH) break;
  }
  if (String(place) !== ends.last_place || hash !== ends.last_hash)
    return stopped(`what stood behind ${upTo === null ? 'the beginning' : `line ${upTo}`} was removed`);
  return stopped(null, await waitingLines(snapshot, ends));
}

const linksAfter = async (snapshot: Knex, place: bigint): Promise<Link[]> =>
  snapshot('audit_chain AS link')
    .leftJoin('audit_log AS line', 'line.audit_id', 'link.audit_id')
    .where('link.place', '>', String(place))
    .orderBy('link.place')
    .limit(A_BATCH)
    .select('link.*', ...LINE_COLUMNS.map((column) => `line.${column} AS line_${column}`));

const unchained = (snapshot: Knex) =>
  snapshot('audit_log AS line').whereRaw(
    'NOT EXISTS (SELECT FROM audit_chain AS link WHERE link.audit_id = line.audit_id)',
  );

/** The first line among older ones that was not there when they were chained. */
async function firstPutIn(snapshot: Knex, { newest_line: newest }: ChainEnds): Promise<string | null> {
  const row = await unchained(snapshot)
    .where('audit_id', '<=', newest)
    .whereRaw(`NOT (${IS_LATE})`, [newest])
    .min('audit_id AS first')
    .first();
  return row?.first ?? null;
}

async function waitingLines(snapshot: Knex, { newest_line: newest }: ChainEnds): Promise<number> {
  const row = await unchained(snapshot)
    .whereRaw(`(audit_id > ? OR ${IS_LATE})`, [newest, newest])
    .count('* AS count')
    .first();
  return Number(row?.count ?? 0);
}
