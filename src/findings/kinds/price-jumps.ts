import { actionInfo } from '../../catalog/actions.ts';
import { modelInfo } from '../../catalog/models.ts';
import { written } from '../../catalog/written.ts';
import type { UsageQuery } from '../../query/query.ts';
import { addTo, noSums, type Sums, totalTokens, type UsageCell } from '../../stats/sums.ts';
import { compareDays, type Day, daysBetween } from '../../units/calendar.ts';
import { periodOf } from '../../units/calendar-period.ts';
import { type MicroEuros, microEuros, minus } from '../../units/money.ts';
import { addDays } from '../../units/time.ts';
import { counted, type Finding, type FindingSources, type Kind, recordsUrl } from '../finding.ts';

/** Of fewer calls a week an average says little. */
const FEWEST_CALLS = 10;
/** The week before may lie so many days back. */
const LONGEST_GAP = 28;
const WEEKS_SHOWN = 8;

/** They are paid for by the image, second or character. */
const OTHERWISE_PAID: readonly (string | null)[] = ['image', 'video', 'speech', 'music', 'transcription'];

type Week = Sums & { first: Day; noNumber: number };

/** Tokens × cost ÷ other tokens to the nearest micro-euro, halves up, in integers. */
function atPriceOf(tokens: number, { cost, ...other }: Sums): MicroEuros {
  const by = BigInt(totalTokens({ cost, ...other }));
  return microEuros(Number((2n * BigInt(tokens) * BigInt(cost) + by) / (2n * by)));
}

/** Whether a token costs a quarter more than before, or a fifth less, which is the same the other way round. */
function isJump(before: Sums, now: Sums): boolean {
  const [a, b] = [BigInt(now.cost) * BigInt(totalTokens(before)), BigInt(before.cost) * BigInt(totalTokens(now))];
  return 4n * a >= 5n * b || 5n * a <= 4n * b;
}

const tells = (week: Week): boolean =>
  week.requests >= FEWEST_CALLS && week.noNumber === 0 && week.cost > 0 && totalTokens(week) > 0;

type OfKind = { model: string; action: string; weeks: Week[] };

function weeksOf(cells: readonly UsageCell[]): OfKind[] {
  const models = new Map<string, Map<string, Map<Day, Week>> | null>();
  const weekOf = new Map<string, Day>();
  for (const cell of cells) {
    const { model, action, bucket } = cell;
    let actions = models.get(model);
    if (actions === undefined) {
      actions = OTHERWISE_PAID.includes(modelInfo(model).kind) ? null : new Map();
      models.set(model, actions);
    }
    if (actions === null) continue;
    const first = weekOf.get(bucket) ?? periodOf(bucket as Day, 'week').first;
    weekOf.set(bucket, first);
    const weeks = actions.get(action) ?? new Map<Day, Week>();
    const week = weeks.get(first) ?? { ...noSums(), first, noNumber: 0 };
    addTo(week, cell);
    week.noNumber += cell.noNumber;
    actions.set(action, weeks.set(first, week));
  }
  return [...models].flatMap(([model, actions]) =>
    [...(actions ?? [])].map(([action, weeks]) => ({
      ...{ model, action },
      weeks: [...weeks.values()].filter(tells).sort((a, b) => compareDays(a.first, b.first)),
    })),
  );
}

const priceOf = (week: Sums): MicroEuros => microEuros(Math.round((week.cost / totalTokens(week)) * 1_000_000));

async function find({ reader, format }: FindingSources, query: UsageQuery) {
  const stats = await reader.stats(query, 'day');
  const findings = weeksOf(stats.value.cells).flatMap(({ model, action, weeks }) => {
    return weeks.flatMap((week, i): Finding[] => {
      const before = weeks[i - 1];
      if (before === undefined || daysBetween(before.first, week.first) > LONGEST_GAP || !isJump(before, week))
        return [];
      const change = minus(week.cost, atPriceOf(totalTokens(week), before));
      const since = week.first;
      const said = `A million tokens cost ${format.roundEuros(priceOf(before))} in the week of ${format.mediumDay(before.first)} and ${format.roundEuros(priceOf(week))} in that of ${format.mediumDay(since)} (${format.shareChange(priceOf(week), priceOf(before))}), of ${counted(week.requests, 'call', format)}.`;
      const shown = weeks.slice(Math.max(0, i - WEEKS_SHOWN), i + WEEKS_SHOWN);
      return [
        {
          ...{ key: JSON.stringify([model, action, since]), subject: `${written(model)}, ${actionInfo(action).label}` },
          ...{ sentence: said, count: week.requests, euros: change, since },
          trend: {
            ...{ per: 'week', label: '€ per million tokens' },
            parts: shown.map((one) => ({ first: one.first, count: one.requests, euros: priceOf(one) })),
          },
          records: recordsUrl(query, format, {
            ...{ models: [model], actions: [action], first: before.first, last: addDays(since, 6) },
          }),
          examples: [],
        },
      ];
    });
  });
  return { findings, notes: [] };
}

export const PRICE_JUMPS: Kind = {
  name: 'price-jump',
  title: 'Jumps of the price of a token',
  rule: `A token of a model and an action cost a quarter more, or a fifth less, than in the week before it with calls (of the last four), each of ${FEWEST_CALLS} calls at least. Models that are paid by the image, second or character, and weeks at €0, are left out. Another share of tokens out, which cost more than tokens in, moves it too.`,
  euros: 'what that week’s tokens cost more or less than at the price of the week before',
  counts: 'calls',
  find,
};
