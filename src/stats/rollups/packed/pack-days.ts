import type { Knex } from 'knex';
import { elementsOf } from '../../../db/arrays.ts';
import { type Day, dayFromPostgres, postgresFromDay } from '../../../units/calendar.ts';
import { exactInteger } from '../../../units/integer.ts';
import { microEurosFromNumeric } from '../../../units/money.ts';
import { addDays, postgresFromInstant, startOfDay } from '../../../units/time.ts';
import type { UsageKind } from '../../sums.ts';
import { keptDays, readCoverage } from '../coverage.ts';
import { RECORDS_A_DAY, RECORDS_A_PIECE, STATEMENT_TIMEOUT } from '../keep/limits.ts';
import { inPieces } from '../pieces.ts';
import { bytesOf, columnOf } from './columns.ts';

const COLUMNS = ['stories', 'authors', 'requests', 'input_tokens', 'output_tokens', 'cost'] as const;

type Lists = Record<(typeof COLUMNS)[number], number[]>;

/** Arrays of one length as PostgreSQL prints them: the driver's own reading of them takes several times as long. */
type Arrays = UsageKind & Record<(typeof COLUMNS)[number], string> & { clock: number };

/** Packs days that have just been written, in the transaction that wrote them. */
export async function packDays(transaction: Knex, days: Day[], timeZone: string): Promise<void> {
  for (const day of days) {
    await transaction('packed_days').where('day', postgresFromDay(day)).delete();
    await packDay(transaction, day, timeZone);
  }
}

async function packDay(transaction: Knex, day: Day, timeZone: string): Promise<void> {
  const kinds = await transaction('usage_days')
    .where('day', postgresFromDay(day))
    .select<(UsageKind & { requests: string })[]>('action', 'model', 'requests');
  const all = sumsByStory();
  const clock = await readClock(transaction, day, timeZone);
  for (const some of inPieces(kinds, ({ requests }) => exactInteger(requests), RECORDS_A_DAY)) {
    const byKind = new Map(some.map((kind) => [nameOf(kind), sumsByStory()]));
    for (const cell of await readHours(transaction, day, timeZone, some)) {
      const elements = Object.fromEntries(COLUMNS.map((name) => [name, elementsOf(cell[name])])) as Elements;
      byKind.get(nameOf(cell))?.add(elements, cell.clock);
      all.add(elements);
    }
    await write(
      transaction,
      day,
      some.map(({ action, model }) => {
        const { lists, clockEnds } = byKind.get(nameOf({ action, model })) as SumsByStory;
        return {
          ...{ action, model, clock_cost: clock.get(nameOf({ action, model })) ?? [], clock_ends: clockEnds() },
          ...lists,
        };
      }),
    );
  }
  await write(transaction, day, [{ action: '', model: '', clock_cost: [], clock_ends: [], ...all.lists }]);
}

const nameOf = ({ action, model }: UsageKind) => `${action}\0${model}`;

type Elements = Record<(typeof COLUMNS)[number], string[]>;

/** What each action and model cost in the hours of the business clock. */
async function readClock(transaction: Knex, day: Day, timeZone: string): Promise<Map<string, number[]>> {
  const { rows } = await transaction.raw<{ rows: (UsageKind & { clock: number; cost: string })[] }>(
    `SELECT action, model, extract(hour FROM hour AT TIME ZONE ?)::int AS clock, sum(cost) AS cost
       FROM usage_hours WHERE hour >= ? AND hour < ? GROUP BY 1, 2, 3`,
    [timeZone, ...boundsOf(day, timeZone)],
  );
  const costs = new Map<string, number[]>();
  for (const { action, model, clock, cost } of rows) {
    const name = nameOf({ action, model });
    const known = costs.get(name) ?? Array(24).fill(0);
    known[clock] = microOf(cost);
    costs.set(name, known);
  }
  return costs;
}

const boundsOf = (day: Day, timeZone: string) =>
  [startOfDay(day, timeZone), startOfDay(addDays(day, 1), timeZone)].map(postgresFromInstant);

/**
 * Of a day of many records what some actions and models had, of any other all of it, which the index knows by hours; in the order of the
 * hours of the clock.
 */
async function readHours(transaction: Knex, day: Day, timeZone: string, kinds: UsageKind[]): Promise<Arrays[]> {
  const { rows } = await transaction.raw<{ rows: Arrays[] }>(
    `SELECT extract(hour FROM hour AT TIME ZONE ?)::int AS clock, action, model, stories::text, authors::text, requests::text,
            input_tokens::text, output_tokens::text, cost::text
       FROM usage_hours_of_stories
      WHERE hour >= ? AND hour < ? AND (action, model) IN (SELECT * FROM unnest(?::text[], ?::text[]))
      ORDER BY clock`,
    [timeZone, ...boundsOf(day, timeZone), kinds.map(({ action }) => action), kinds.map(({ model }) => model)],
  );
  return rows;
}

/** More than there are authors: with it the numbers of a story and an author make one. */
const MORE_THAN_AUTHORS = 2 ** 26;

/** A cost that is no number stays none: whoever adds it up finds out. */
const microOf = (text: string): number => (text === 'NaN' ? Number.NaN : microEurosFromNumeric(text));

type SumsByStory = {
  lists: Lists;
  /** What stories had in an hour of the clock, of which the next ones come later; without one all hours are one. */
  add: (elements: Elements, clock?: number) => void;
  /** How many elements the hours of the clock up to each have. */
  clockEnds: () => number[];
};

/** Adds up what stories and authors had. */
function sumsByStory(): SumsByStory {
  const lists: Lists = { stories: [], authors: [], requests: [], input_tokens: [], output_tokens: [], cost: [] };
  // Nearly every story has one author: of others each is found by the two numbers as one, which takes several times as long.
  const places = new Map<number, number>();
  const further = new Map<number, number>();
  const ends: number[] = [];
  /** All hours before this one are complete. */
  const beginHour = (clock: number) => {
    if (ends.length === clock) return;
    while (ends.length < clock) ends.push(lists.stories.length);
    places.clear();
    further.clear();
  };
  return {
    lists,
    add: (elements, clock = 0) => {
      beginHour(clock);
      elements.stories.forEach((number, i) => {
        const story = Number(number);
        const author = Number(elements.authors[i]);
        const first = places.get(story);
        let place =
          first !== undefined && lists.authors[first] !== author
            ? further.get(story * MORE_THAN_AUTHORS + author)
            : first;
        if (place === undefined) {
          place = lists.stories.push(story) - 1;
          if (first === undefined) places.set(story, place);
          else further.set(story * MORE_THAN_AUTHORS + author, place);
          lists.authors.push(author);
          for (const name of ['requests', 'input_tokens', 'output_tokens', 'cost'] as const) lists[name].push(0);
        }
        (lists.requests[place] as number) += exactInteger(elements.requests[i] as string);
        (lists.input_tokens[place] as number) += exactInteger(elements.input_tokens[i] as string);
        (lists.output_tokens[place] as number) += exactInteger(elements.output_tokens[i] as string);
        (lists.cost[place] as number) += microOf(elements.cost[i] as string);
      });
    },
    clockEnds: () => {
      beginHour(24);
      return ends;
    },
  };
}

/** With the hours of the clock. */
const FORM = 2;

async function write(
  transaction: Knex,
  day: Day,
  kinds: (UsageKind & Lists & { clock_cost: number[]; clock_ends: number[] })[],
): Promise<void> {
  await transaction('packed_days').insert(
    kinds.map(({ action, model, ...lists }) => ({
      day: postgresFromDay(day),
      version: transaction.raw('(SELECT version FROM rollup_days WHERE day = ?)', [postgresFromDay(day)]),
      form: FORM,
      action,
      model,
      ...Object.fromEntries(
        [...COLUMNS, 'clock_cost' as const, 'clock_ends' as const].map((name) => [
          name,
          bytesOf(columnOf(lists[name])),
        ]),
      ),
    })),
  );
}

/**
 * Packs the days that are not, newest first: some in a transaction, until it is late. A version of ours that knows no packed days has written
 * them. Content is another one then, for stories have numbers that had none.
 */
export async function packMissing(backoffice: Knex, isLate: () => boolean): Promise<void> {
  while (!isLate()) {
    const coverage = await readCoverage(backoffice);
    const kept = keptDays(coverage);
    if (kept === null) return;
    const missing = await readMissing(backoffice);
    if (missing.length === 0) return;
    const [some] = inPieces(missing, ({ requests }) => requests, RECORDS_A_PIECE);
    await backoffice.transaction(async (transaction) => {
      await transaction.raw(`SET LOCAL statement_timeout = '${STATEMENT_TIMEOUT}'`);
      const taken = await transaction('rollup_state')
        .where('version', coverage.version)
        .update({ version: transaction.raw('version + 1'), content_version: transaction.raw('version + 1') });
      if (taken === 0) return;
      const days = (some ?? []).map(({ day }) => day);
      await packDays(transaction, days, kept.timeZone);
    });
  }
}

const DAYS_LOOKED_AT = 100;

async function readMissing(backoffice: Knex): Promise<{ day: Day; requests: number }[]> {
  const { rows } = await backoffice.raw<{ rows: { day: string; requests: string }[] }>(
    `SELECT day, (SELECT coalesce(sum(requests), 0) FROM usage_days WHERE usage_days.day = rollup_days.day) AS requests
       FROM rollup_days
      WHERE NOT EXISTS (SELECT FROM packed_days AS packed
                         WHERE packed.day = rollup_days.day AND action = '' AND model = ''
                               AND packed.version = rollup_days.version AND form >= ?)
      ORDER BY day DESC LIMIT ?`,
    [FORM, DAYS_LOOKED_AT],
  );
  return rows.map(({ day, requests }) => ({ day: dayFromPostgres(day), requests: exactInteger(requests) }));
}
