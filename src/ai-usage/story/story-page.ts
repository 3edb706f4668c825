import { actionInfo } from '../../catalog/actions.ts';
import type { Names } from '../../catalog/names.ts';
import { written } from '../../catalog/written.ts';
import { RECORDS_PATH } from '../../query/paths.ts';
import { type UsageQuery, usageUrl } from '../../query/query.ts';
import type { Repeat, Story, StoryStep } from '../../stats/stories/story.ts';
import type { StoryCosts } from '../../stats/stories/story-costs.ts';
import { cellsOf } from '../../tables/cells.ts';
import { type Column, type Table, tableOf } from '../../tables/table.ts';
import { type Format, hasShares } from '../../units/format.ts';
import type { MicroEuros } from '../../units/money.ts';
import { earliest, latest } from '../../units/time.ts';
import { detailsOf } from '../frame/subjects.ts';
import type { Tile } from '../frame/tiles.ts';
import { recordColumns } from '../records/record-columns.ts';

/** Everything about one story, ready to print. `query` means all of its records. */
export type StoryPage = {
  tiles: Tile[];
  steps: Table;
  repeats: { text: string; table: Table | null };
  records: { text: string; table: Table };
};

export function storyPageOf(story: Story, query: UsageQuery, names: Names, format: Format): StoryPage {
  return {
    tiles: tilesOf(story, format),
    steps: stepTable(story, query, format),
    repeats: repeatsOf(story, format),
    records: recordsOf(story, query, names, format),
  };
}

function tilesOf({ total, steps }: Story, format: Format): Tile[] {
  const first = steps.map((step) => step.first).reduce(earliest);
  const last = steps.map((step) => step.last).reduce(latest);
  return [
    {
      label: 'Total cost',
      text: format.euros(total.cost),
      value: format.exactEuros(total.cost),
      note: format.exactEuros(total.cost),
    },
    { label: 'Requests', text: format.integer(total.requests) },
    { label: 'Tokens in', text: format.integer(total.inputTokens) },
    { label: 'Tokens out', text: format.integer(total.outputTokens) },
    {
      label: 'Average per request',
      text: format.euros(total.cost / total.requests),
      value: format.exactEuros(total.cost / total.requests),
    },
    { label: 'Took', text: format.duration(last - first), note: `from ${format.minute(first)} (${format.timeZone})` },
  ];
}

function stepTable({ steps, total }: Story, query: UsageQuery, format: Format): Table {
  const { integer, euros, share, duration, instant } = cellsOf(format);
  const columns: Column<StoryStep>[] = [
    {
      label: 'Action',
      cell: ({ action, models }) => {
        const { label, kind } = actionInfo(action);
        return {
          text: label,
          icon: kind,
          note: models.map(written).join(', '),
          href: usageUrl(RECORDS_PATH, query, { actions: [action] }),
          ...detailsOf('action', action, label, { ...query, story: null }),
        };
      },
      total: { text: 'Total' },
    },
    { label: 'Began', cell: ({ first }) => instant(first) },
    {
      label: 'Took',
      numeric: true,
      cell: ({ first, last, requests }) => (requests === 1 ? { text: '–' } : duration(last - first)),
    },
    { label: 'Requests', numeric: true, cell: (row) => integer(row.requests), total: integer(total.requests) },
    { label: 'Tokens in', numeric: true, cell: (row) => integer(row.inputTokens), total: integer(total.inputTokens) },
    {
      label: 'Tokens out',
      numeric: true,
      cell: (row) => integer(row.outputTokens),
      total: integer(total.outputTokens),
    },
    { label: 'Cost', numeric: true, cell: (row) => euros(row.cost), total: euros(total.cost) },
    {
      label: 'Share',
      numeric: true,
      cell: (row) => share(row.cost, total.cost),
      total: share(total.cost, total.cost),
    },
  ];
  return tableOf(columns, { caption: 'Cost by action, in order of time', rows: steps });
}

function repeatsOf({ repeats, repeated, total }: Story, format: Format): StoryPage['repeats'] {
  const { integer, euros } = cellsOf(format);
  const { groups, calls, beyond } = repeated;
  if (groups === 0) {
    return {
      text: 'No two calls share their action, model and number of input tokens: nothing looks like a prompt that was sent again.',
      table: null,
    };
  }
  const columns: Column<Repeat>[] = [
    {
      label: 'Action',
      cell: ({ action }) => ({ text: actionInfo(action).label, icon: actionInfo(action).kind }),
    },
    { label: 'Model', cell: ({ model }) => ({ text: written(model) }) },
    { label: 'Tokens in, each', numeric: true, cell: ({ inputTokens }) => integer(inputTokens) },
    { label: 'Requests', numeric: true, cell: (row) => integer(row.calls) },
    { label: 'Cost after the first', numeric: true, cell: (row) => euros(row.beyond) },
  ];
  const cut = groups > repeats.length ? ` The ${format.integer(repeats.length)} most expensive are listed.` : '';
  const times = groups === 1 ? 'one prompt that was' : `${format.integer(groups)} prompts that were`;
  return {
    text:
      `${format.integer(calls)} calls share their action, model and exact number of input tokens with another one: most likely ` +
      `${times} sent again, after an error or a timeout. The calls after each first one cost ` +
      `${format.euros(beyond)}${hasShares(beyond, total.cost) ? `, ${format.share(beyond, total.cost)} of what is shown here` : ''}.${cut}`,
    table: tableOf(columns, { caption: 'Repeated calls', rows: repeats }),
  };
}

function recordsOf({ records, total }: Story, query: UsageQuery, names: Names, format: Format): StoryPage['records'] {
  const columns = recordColumns(RECORDS_PATH, query, names, format).filter(
    ({ label }) => label !== 'Story' && label !== 'Author',
  );
  const cut = records.length < total.requests;
  return {
    text: cut
      ? `The first ${format.integer(records.length)} of ${format.integer(total.requests)}, in order of time.`
      : 'All of them, in order of time.',
    table: tableOf(columns, { caption: 'Records', rows: records }),
  };
}

/** Where a story's cost stands among others: a sentence, figures, and marks on a scale in percent of its width. */
export type StoryPlace = {
  text: string;
  figures: { label: string; text: string; value: string }[];
  marks: { x: number; label: string; kind: 'this' | 'median' | 'p90'; anchor: 'start' | 'middle' | 'end' }[];
};

const ROOM = 1.15;

/** Null where no other story has calls in the period. */
export function storyPlace(cost: MicroEuros, costs: StoryCosts, format: Format): StoryPlace | null {
  const { stories, median, p90, cheaper } = costs;
  if (median === null || p90 === null) return null;
  const widest = Math.max(cost, p90, 1) * ROOM;
  const mark = (kind: StoryPlace['marks'][number]['kind'], label: string, micro: MicroEuros) => {
    const x = Math.round((Math.max(0, micro) / widest) * 1000) / 10;
    return { x, label, kind, anchor: x < 30 ? 'start' : x > 70 ? 'end' : 'middle' } as const;
  };
  const figure = (label: string, micro: MicroEuros) => ({
    label,
    text: format.euros(micro),
    value: format.exactEuros(micro),
  });
  return {
    text: `It costs more than ${format.share(cheaper, stories)} of the ${format.integer(stories)} other ${stories === 1 ? 'story' : 'stories'} with calls in this period.`,
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
