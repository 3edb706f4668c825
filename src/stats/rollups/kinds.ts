import type { Knex } from 'knex';
import type { UsageKind } from '../sums.ts';

/** Actions and models that have come together: by the numbers that stand for them in the database, and their numbers by name. */
export type Kinds = { byNumber: Map<number, UsageKind>; numbers: Map<string, number> };

export const nameOfKind = ({ action, model }: UsageKind): string => `${action}\0${model}`;

/** All that are known. */
export async function readKinds(backoffice: Knex): Promise<Kinds> {
  const rows = await backoffice('usage_kinds').select<(UsageKind & { kind: number })[]>('kind', 'action', 'model');
  return {
    byNumber: new Map(rows.map(({ kind, action, model }) => [kind, { action, model }])),
    numbers: new Map(rows.map(({ kind, ...one }) => [nameOfKind(one), kind])),
  };
}

/** All that are known, with numbers for those of `named` that are new. */
export async function knowKinds(backoffice: Knex, named: UsageKind[]): Promise<Kinds> {
  const known = await readKinds(backoffice);
  const unknown = new Map(
    named.filter((kind) => !known.numbers.has(nameOfKind(kind))).map((kind) => [nameOfKind(kind), kind]),
  );
  if (unknown.size === 0) return known;
  const kinds = [...unknown.values()];
  await backoffice.raw('INSERT INTO usage_kinds (action, model) SELECT * FROM unnest(?::text[], ?::text[])', [
    kinds.map(({ action }) => action),
    kinds.map(({ model }) => model),
  ]);
  return readKinds(backoffice);
}
