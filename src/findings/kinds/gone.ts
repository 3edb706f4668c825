import type { Knex } from 'knex';
import { COST_OF_ROW } from '../../db/row-sql.ts';
import { whereWithin } from '../../query/filter.ts';
import { exactInteger } from '../../units/integer.ts';
import { microEurosFromNumeric, NO_EUROS, plus } from '../../units/money.ts';
import type { Instant } from '../../units/time.ts';
import { counted, type Kind, type Look, recordsUrl } from '../finding.ts';
import type { LookedPart } from '../looked-days.ts';
import { lookedFindings } from './looked-findings.ts';

const NO_NAMES = 'There is no database of names (MYTHORIA_DATABASE_URL): nobody can say who is gone.';
/** Accounts are deleted without a record being changed. */
const AGAIN_AFTER_HOURS = 24;
const MOST_EXAMPLES = 3;

type Row = { author: string; story: string; calls: string; cost: string };

/** Those of some ids that a table has. */
async function presentAmong(mythoria: Knex, of: 'author' | 'story', ids: string[]): Promise<Set<string>> {
  const { rows } = await mythoria.raw<{ rows: { id: string }[] }>(
    of === 'author'
      ? 'SELECT author_id::text AS id FROM authors WHERE author_id = ANY(?::uuid[])'
      : 'SELECT story_id::text AS id FROM stories WHERE story_id = ANY(?::uuid[])',
    [ids],
  );
  return new Set(rows.map(({ id }) => id));
}

async function lookAt(
  { workflows, mythoria }: { workflows: Knex; mythoria: Knex | null },
  day: { from: Instant; to: Instant },
): Promise<LookedPart[]> {
  if (mythoria === null) throw new Error(NO_NAMES);
  const rows: Row[] = await workflows('token_usage_tracking')
    .modify((builder) => whereWithin(builder, [day]))
    .groupBy('author_id', 'story_id')
    .select({ author: 'author_id', story: 'story_id' })
    .select(workflows.raw(`count(*) AS calls, coalesce(sum(${COST_OF_ROW}), 0) AS cost`));
  const parts: LookedPart[] = [];
  for (const kind of ['story', 'author'] as const) {
    const present = await presentAmong(mythoria, kind, [...new Set(rows.map((row) => row[kind]))]);
    const gone = rows.filter((row) => !present.has(row[kind]));
    if (gone.length === 0) continue;
    const costs = gone.map((row) => ({
      id: row[kind],
      calls: exactInteger(row.calls),
      cost: microEurosFromNumeric(row.cost),
    }));
    const dearest = [...costs].sort((a, b) => b.cost - a.cost || (a.id < b.id ? -1 : 1)).map(({ id }) => id);
    parts.push({
      ...{ of: kind, model: null, action: null, examples: [...new Set(dearest)].slice(0, MOST_EXAMPLES) },
      calls: costs.reduce((sum, { calls }) => sum + calls, 0),
      cost: costs.reduce((sum, { cost }) => plus(sum, cost), NO_EUROS),
    });
  }
  return parts;
}

const LOOK: Look = {
  ...{ days: null, againAfterHours: AGAIN_AFTER_HOURS, lookAt },
  cannot: async ({ mythoria }) => (mythoria === null ? NO_NAMES : null),
};

const NAME = 'gone';

export const GONE: Kind = {
  name: NAME,
  title: 'Stories and authors that are gone',
  rule: 'Calls whose story, or whose author, the web app’s database no longer has: deleted, or never saved. A call of both is told under both. Looked for again every day.',
  euros: 'what was recorded of these calls',
  counts: 'calls',
  find: (sources, query) => {
    const { format } = sources;
    return lookedFindings(sources, query, NAME, LOOK, {
      keyOf: ({ of }) => of,
      subject: ({ of }) => (of === 'story' ? 'Stories' : 'Authors'),
      sentence: ({ of }, { count, euros }) =>
        `${counted(count, 'call', format)}, ${format.roundEuros(euros)}, of ${of === 'story' ? 'stories' : 'authors'} that are gone.`,
      among: () => ({}),
      example: (id, { of }, days) => ({
        label: format.shortId(id),
        href: recordsUrl(query, format, { ...(of === 'story' ? { story: id } : { author: id }), ...days }),
      }),
    });
  },
  look: LOOK,
};
