import type { Rank, RankOrder } from '../../query/view.ts';
import { RollupsChanged } from '../rollups/coverage.ts';
import { firstIds } from '../rollups/packed/numbers.ts';
import type { UsageSource } from '../source.ts';
import type { Sums } from '../sums.ts';
import type { SumsBy } from './story-sums.ts';
import { sumsAt } from './tally.ts';
import { firstPlaces } from './whole-days.ts';

export type TopSort = { rankBy: Rank; rankOrder: RankOrder };

/** A story or author among the first; `place` is where whole days have it, -1 for nowhere; the author of a story is one of its authors. */
export type Ranked = Sums & { id: string; place: number; author: string | null };

/** The ids of places of the days: the first `most` in the order of the ids. @throws RollupsChanged where one has none any more */
async function idsOfPlaces({ backoffice }: UsageSource, { by, ofDays }: SumsBy, places: number[], most: number) {
  const placeOfNumber = new Map(places.map((place) => [ofDays.numbers[place] as number, place]));
  const found = await firstIds(backoffice, by, [...placeOfNumber.keys()], most);
  if (found.length < Math.min(places.length, most)) throw new RollupsChanged(`a ${by} has no number any more`);
  return found.map(({ id, number }) => ({ id, place: placeOfNumber.get(number) as number }));
}

/** The first `most` in an order, then by cost and requests, highest first, then by id. */
export async function firstOf(
  source: UsageSource,
  sums: SumsBy,
  most: number,
  sort: TopSort = { rankBy: 'cost', rankOrder: 'desc' },
): Promise<Ranked[]> {
  if (most === 0) return [];
  const { ofDays, changed } = sums;
  const { rankBy, rankOrder } = sort;
  const sign = rankOrder === 'desc' ? 1 : -1;
  /** Above 0 where the first is ahead. */
  const ahead = (one: Sums, other: Sums) =>
    sign * (one[rankBy] - other[rankBy]) || one.cost - other.cost || one.requests - other.requests;

  type Candidate = Sums & { id: string | null; place: number; author: string | null };
  const elsewhere = new Set([...changed.values()].map(({ place }) => place));
  const places = firstPlaces(source.memory.wholeDays, ofDays, sort, most + changed.size);
  const rank = ofDays[rankBy];
  const top: Candidate[] = [];
  const put = (candidate: Candidate) => {
    const last = top[most - 1];
    if (last !== undefined && ahead(candidate, last) <= 0) return;
    const place = top.findIndex((other) => ahead(candidate, other) > 0);
    top.splice(place === -1 ? top.length : place, 0, candidate);
    if (top.length > most) top.pop();
  };
  const ofPlace = (place: number): Candidate => ({ ...sumsAt(ofDays, place), id: null, place, author: null });
  for (const one of changed.values()) put(one);
  for (const place of places) {
    const last = top[most - 1];
    if (last !== undefined && sign * ((rank[place] as number) - last[rankBy]) < 0) continue;
    if (!elsewhere.has(place)) put(ofPlace(place));
  }

  // Of those that are alike in all but their ids, any are there: ids are asked for, of the last ones perhaps of many.
  const last = top[most - 1];
  const before = last === undefined ? top : top.filter((one) => ahead(one, last) > 0);
  const alike: Candidate[] = [];
  if (last !== undefined) {
    for (const one of changed.values()) if (ahead(one, last) === 0) alike.push(one);
    for (const place of places) {
      if (rank[place] !== last[rankBy] || elsewhere.has(place)) continue;
      const one = ofPlace(place);
      if (ahead(one, last) === 0) alike.push(one);
    }
  }
  const named = async (candidates: Candidate[], wanted: number): Promise<Ranked[]> => {
    const unnamed = candidates.filter(({ id }) => id === null).map(({ place }) => place);
    const found = await idsOfPlaces(source, sums, unnamed, wanted);
    return [
      ...candidates.filter((one): one is Ranked => one.id !== null),
      ...found.map(({ id, place }) => ({ ...ofPlace(place), id })),
    ]
      .sort((a, b) => -ahead(a, b) || (a.id < b.id ? -1 : 1))
      .slice(0, wanted);
  };
  const [first, rest] = await Promise.all([named(before, before.length), named(alike, most - before.length)]);
  return [...first, ...rest];
}

/** An author of each of some stories, by the story's id. */
export async function authorsOf(
  { backoffice }: UsageSource,
  { ofDays }: SumsBy,
  stories: Ranked[],
): Promise<Map<string, string>> {
  const numbers = new Set(
    stories.filter(({ author }) => author === null).map(({ place }) => ofDays.authors[place] as number),
  );
  const found = await firstIds(backoffice, 'author', [...numbers], numbers.size);
  const ids = new Map(found.map(({ id, number }) => [number, id]));
  return new Map(
    stories.map(({ id, author, place }) => [id, author ?? ids.get(ofDays.authors[place] as number) ?? '']),
  );
}
