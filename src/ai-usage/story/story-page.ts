import { actionInfo } from '../../catalog/actions.ts';
import type { Names } from '../../catalog/names.ts';
import { written } from '../../catalog/written.ts';
import { RECORDS_PATH } from '../../query/paths.ts';
import { type UsageQuery, usageUrl } from '../../query/query.ts';
import { BREAK_MINUTES, type Repeat, type Story, type StoryStep } from '../../stats/stories/story.ts';
import type { Spread } from '../../stats/stories/story-costs.ts';
import { shareColumn, sumColumns } from '../../tables/sum-columns.ts';
import { type Column, type DataTable, dataTable, type Table } from '../../tables/table.ts';
import { type Tile, tilesOf } from '../../tables/tiles.ts';
import { type Format, hasShares } from '../../units/format.ts';
import type { MicroEuros } from '../../units/money.ts';
import { earliest, floorDivided, latest, SECOND } from '../../units/time.ts';
import { actionColumns, modelColumn } from '../frame/name-columns.ts';
import { detailsLink } from '../frame/subjects.ts';
import type { RecordColumn } from '../records/record-columns.ts';
import { recordTable } from '../records/record-table.ts';

/** Everything about one story, ready to print. `query` means all of its records. */
export type StoryPage = {
  tiles: Tile[];
  steps: Table;
  repeats: { text: string; table: Table | null; further: Table | null };
  records: { text: string; table: Table };
};

/** `besides`: what each of its records costs by the price list, where that is shown. */
export function storyPageOf(
  story: Story,
  query: UsageQuery,
  names: Names,
  besides: RecordColumn | null,
  format: Format,
): StoryPage {
  return {
    tiles: storyTiles(story, format),
    steps: stepTable(story, query, format).page(format),
    repeats: repeatsOf(story, format),
    records: recordsOf(story, query, names, besides, format),
  };
}

function storyTiles({ total, steps, waited }: Story, format: Format): Tile[] {
  const first = steps.map((step) => step.first).reduce(earliest);
  const last = steps.map((step) => step.last).reduce(latest);
  const figures = ['cost', 'requests', 'inputTokens', 'outputTokens', 'perRequest'] as const;
  return [
    ...tilesOf(figures, { ...total, stories: 1 }, null, format),
    {
      label: 'Took',
      text: format.duration(last - first),
      note: `from ${format.minute(first)} (${format.timeZone})${waited > 0n ? `: ${format.duration(last - first - waited)} at work, ${format.duration(waited)} of breaks longer than ${BREAK_MINUTES} minutes` : ''}`,
    },
  ];
}

/** What each action of a story cost, in order of time. */
export function stepTable({ steps, total }: Story, query: UsageQuery, format: Format): DataTable {
  const columns: Column<StoryStep>[] = [
    ...actionColumns<StoryStep>(({ action }) => action, {
      cell: ({ action, models }) => {
        const { label, kind } = actionInfo(action);
        return {
          icon: kind,
          note: models.map(written).join(', '),
          href: usageUrl(RECORDS_PATH, query, { actions: [action] }),
          ...detailsLink('action', action, label, { ...query, story: null }),
        };
      },
      total: 'Total',
    }),
    {
      ...{ name: 'models', label: 'Models', kind: 'json', only: 'file' },
      value: ({ models }) => JSON.stringify(models),
    },
    { name: 'began', label: 'Began', kind: 'instant', value: ({ first }) => first },
    {
      name: 'took',
      label: 'Took',
      kind: 'seconds',
      value: ({ first, last, requests }) => (requests === 1 ? null : Number(floorDivided(last - first, SECOND))),
      cell: ({ first, last, requests }) => ({ text: requests === 1 ? '–' : format.duration(last - first) }),
    },
    ...sumColumns<StoryStep>(total),
    shareColumn(total.cost),
  ];
  return dataTable(columns, { title: 'Cost by action, in order of time', rows: steps });
}

/** Calls that look like a prompt sent again. */
export function repeatTable({ repeats }: Story): DataTable {
  const columns: Column<Repeat>[] = [
    ...actionColumns<Repeat>(({ action }) => action, { cell: ({ action }) => ({ icon: actionInfo(action).kind }) }),
    modelColumn(({ model }) => model, { cell: ({ model }) => ({ text: written(model) }) }),
    {
      ...{ name: 'inputTokensEach', label: 'Tokens in, each', kind: 'integer' },
      value: ({ inputTokens }) => inputTokens,
    },
    { name: 'requests', label: 'Requests', kind: 'integer', value: ({ calls }) => calls },
    { name: 'costAfterFirst', label: 'Cost after the first', kind: 'euros', value: ({ beyond }) => beyond },
  ];
  return dataTable(columns, { title: 'Repeated calls', rows: repeats });
}

/** Of the repeated calls; the others open. */
const MOST_REPEATS = 5;

function repeatsOf(story: Story, format: Format): StoryPage['repeats'] {
  const { repeats, repeated, total } = story;
  const { groups, calls, beyond } = repeated;
  if (groups === 0) {
    return {
      text: 'No two calls share their action, model and number of input tokens: nothing looks like a prompt that was sent again.',
      table: null,
      further: null,
    };
  }
  const cut = groups > repeats.length ? ` The ${format.integer(repeats.length)} most expensive are listed.` : '';
  const table = repeatTable(story).page(format);
  const times = groups === 1 ? 'one prompt that was' : `${format.integer(groups)} prompts that were`;
  return {
    text:
      `${format.integer(calls)} calls share their action, model and exact number of input tokens with another one: most likely ` +
      `${times} sent again, after an error or a timeout. The calls after each first one cost ` +
      `${format.euros(beyond)}${hasShares(beyond, total.cost) ? `, ${format.share(beyond, total.cost)} of what is shown here` : ''}.${cut}`,
    table: { ...table, rows: table.rows.slice(0, MOST_REPEATS) },
    further:
      table.rows.length > MOST_REPEATS
        ? { ...table, caption: 'Further repeated calls', rows: table.rows.slice(MOST_REPEATS) }
        : null,
  };
}

function recordsOf(
  { records, total }: Story,
  query: UsageQuery,
  names: Names,
  besides: RecordColumn | null,
  format: Format,
): StoryPage['records'] {
  const cut = records.length < total.requests;
  return {
    text: cut
      ? `The first ${format.integer(records.length)} of ${format.integer(total.requests)}, in order of time.`
      : 'All of them, in order of time.',
    table: recordTable(
      records,
      { path: RECORDS_PATH, query, names, format, open: (id) => `${RECORDS_PATH}/${id}` },
      { without: ['story', 'author'], besides: besides === null ? [] : [besides] },
    ),
  };
}

/** Where a story's cost stands among others: a sentence, figures, and marks on a scale in percent of its width. */
export type StoryPlace = {
  text: string;
  figures: { label: string; text: string; value: string }[];
  marks: { x: number; label: string; kind: 'this' | 'median' | 'p90'; anchor: 'start' | 'middle' | 'end' }[];
};

const ROOM = 1.15;

/** From so many times as much on, what is less would stand at the beginning of the scale all together. */
const DWARFS = 20;

/** Where costs stand on a scale, from 0 to 1; a logarithmic one where the largest dwarfs the others. */
function placesOf(costs: MicroEuros[]): { isLog: boolean; at: (cost: MicroEuros) => number } {
  const widest = Math.max(...costs, 1) * ROOM;
  const least = Math.min(...costs.filter((cost) => cost > 0), widest);
  if (widest < DWARFS * least) return { isLog: false, at: (cost) => Math.max(0, cost) / widest };
  const [low, high] = [Math.log(least / 2), Math.log(widest)];
  return { isLog: true, at: (cost) => (cost <= 0 ? 0 : (Math.log(cost) - low) / (high - low)) };
}

/** The other stories that cost less than one, as what it costs more than. */
function othersBelow(cheaper: number, stories: number, format: Format): string {
  const others = `${format.integer(stories)} other ${stories === 1 ? 'story' : 'stories'}`;
  if (cheaper === 0) return `none of the ${others}`;
  if (cheaper < stories) return `${format.share(cheaper, stories)} of the ${others}`;
  return stories === 1 ? `the ${others}` : `all ${others}`;
}

/** Null where no other story has calls in the period. */
export function storyPlace(cost: MicroEuros, costs: Spread, format: Format): StoryPlace | null {
  const { stories, median, p90, cheaper } = costs;
  if (median === null || p90 === null) return null;
  const place = placesOf([cost, median, p90]);
  const mark = (kind: StoryPlace['marks'][number]['kind'], label: string, micro: MicroEuros) => {
    const x = Math.round(place.at(micro) * 1000) / 10;
    return { x, label, kind, anchor: x < 30 ? 'start' : x > 70 ? 'end' : 'middle' } as const;
  };
  const figure = (label: string, micro: MicroEuros) => ({
    label,
    text: format.euros(micro),
    value: format.exactEuros(micro),
  });
  return {
    text: `It costs more than ${othersBelow(cheaper, stories, format)} with calls in this period.${place.isLog ? ' One of these costs dwarfs the others, so the scale is logarithmic: the same step to the right is as many times as much.' : ''}`,
    figures: [
      figure('This story', cost),
      figure('Median: half cost at most', median),
      figure('p90: nine in ten cost at most', p90),
    ],
    marks: [
      mark('this', `This story ${format.euros(cost)}`, cost),
      mark('median', `Median ${format.euros(median)}`, median),
      mark('p90', `p90 ${format.euros(p90)}`, p90),
    ],
  };
}
