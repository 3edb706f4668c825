import type { Message } from '../../delivery/message.ts';
import type { UsedBudget } from '../../stats/budgets/read-use.ts';
import { leftOutCount } from '../../stats/pricing/left-out.ts';
import { totalTokens } from '../../stats/sums.ts';
import type { Format } from '../../units/format.ts';
import { eurosNumber, type MicroEuros, minus } from '../../units/money.ts';
import { addDays, isoFromInstant } from '../../units/time.ts';
import type { DigestFigures } from './read-digest.ts';

const MOST_MOVED = 5;
const MOST_LISTED = 20;

/** "a; b; and 3 more", nothing for none. */
function listOf(lead: string, items: string[]): string[] {
  if (items.length === 0) return [];
  const rest = items.length - MOST_LISTED;
  return [`${lead}: ${items.slice(0, MOST_LISTED).join('; ')}${rest > 0 ? `; and ${rest} more` : ''}.`];
}

/** A digest as a message, the fact first: what it cost, and how much more or less than before. `alerts` are those open, in words. */
export function digestMessage(figures: DigestFigures, alerts: string[], format: Format, appUrl: URL): Message {
  const { digest, period, at, now, before, why, dearest, names, budgets, unpriced } = figures;
  const last = addDays(period.next, -1);
  const when =
    digest === 'daily' ? format.longDay(period.first) : `${format.shortDay(period.first)} – ${format.longDay(last)}`;
  const than = digest === 'daily' ? 'the day before' : 'the week before';
  const change = (value: number, old: number) => format.shareChange(value, old);
  const compared = change(now.cost, before.cost);
  const beside = (text: string, value: number, old: number) => {
    const share = change(value, old);
    return share ? `${text} (${share})` : text;
  };
  const parameters = new URLSearchParams({ from: period.first, to: last, asOf: isoFromInstant(at) });
  const link = (label: string, path: string) => ({ label, url: new URL(path, appUrl).href });
  const story = (key: string) => names.stories.get(key) ?? key.slice(0, 8);
  return {
    subject: `${format.spokenEuros(now.cost)} ${digest === 'daily' ? 'on' : 'from'} ${when}${compared ? `, ${compared} against ${than}` : ''}`,
    level: 'information',
    facts: [
      { label: 'Cost', value: beside(format.spokenEuros(now.cost), now.cost, before.cost) },
      { label: 'Requests', value: beside(format.integer(now.requests), now.requests, before.requests) },
      { label: 'Tokens', value: beside(format.integer(totalTokens(now)), totalTokens(now), totalTokens(before)) },
      { label: 'Stories', value: beside(format.integer(now.stories), now.stories, before.stories) },
    ],
    paragraphs: [
      ...listOf(
        `What moved against ${than}`,
        why.rows
          .filter((row) => row.now !== row.before)
          .slice(0, MOST_MOVED)
          .map((row) => {
            const { euros, change } = format.eurosCompared(row.now, row.before);
            return `${row.key} ${change(minus(row.now, row.before))}, to ${euros(row.now)}`;
          }),
      ),
      ...listOf(
        'Dearest stories',
        dearest.map(({ key, cost }) => `“${story(key)}” ${format.spokenEuros(cost)}`),
      ),
      ...listOf(
        'Budgets',
        budgets.map((budget) => budgetWords(budget, format)),
      ),
      ...listOf(
        'Without a price',
        unpriced.map(
          ({ model, requests }) =>
            `${model}, ${format.integer(requests)} ${requests === 1 ? 'request' : 'requests'} at €0 with tokens`,
        ),
      ),
      ...listOf('Alerts that are open', alerts),
    ],
    links: [
      link(`The overview of ${when}`, `/ai-usage?${parameters}`),
      ...(budgets.length > 0 ? [link('Budgets', '/budgets')] : []),
    ],
    data: { digest, from: period.first, to: last, cost: eurosNumber(now.cost), costBefore: eurosNumber(before.cost) },
  };
}

function budgetWords({ budget, use, unpriced }: UsedBudget, format: Format): string {
  const leftOut = leftOutCount(unpriced, format);
  const left: MicroEuros = use.left;
  const end = left < 0 ? ', over' : use.runsOutOn === null ? '' : `, runs out on ${format.longDay(use.runsOutOn)}`;
  return `${budget.name} ${format.euros(use.used)} of ${format.euros(use.amount)} (${format.share(use.used, use.amount)})${end}${leftOut === null ? '' : `, ${leftOut}`}`;
}
