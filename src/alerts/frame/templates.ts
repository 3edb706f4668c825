import { queryOfFilter } from '../../query/filter-text.ts';
import { queryWithin } from '../../query/query.ts';
import { type Budget, readBudgets } from '../../stats/budgets/budgets.ts';
import type { DailyCosts } from '../../stats/forecast.ts';
import { median } from '../../stats/unusual/median.ts';
import { addDays, dayOf, type Instant, startOfDay } from '../../units/time.ts';
import { type AlertSources, RULES_PATH } from '../sources.ts';

/** A rule to begin with: a link that fills the form. */
export type Template = { label: string; about: string; href: string };

const link = (fields: Record<string, string>) => `${RULES_PATH}/new?${new URLSearchParams(fields)}`;

/** What somebody would write: one or two digits. */
const STEPS = [1, 1.5, 2, 2.5, 3, 4, 5, 6, 8, 10];

/** The next such number from an amount on: 43.2 is 50. */
export function roundUp(euros: number): number {
  const scale = 10 ** Math.floor(Math.log10(euros));
  const step = STEPS.find((one) => one * scale >= euros * (1 - 1e-9)) ?? 10;
  return Number((step * scale).toPrecision(2));
}

const DAYS = 28;
/** Where there is no history to tell. */
const WITHOUT_HISTORY = 10;
const LEAST = 0.01;

/** Twice the median day of four weeks, in euros; days without calls cost nothing. `today` is not among them. */
export function proposedEuros(costs: DailyCosts): number {
  const known = [...costs.values()];
  if (known.length === 0) return WITHOUT_HISTORY;
  const days = [...known, ...Array<number>(Math.max(0, DAYS - known.length)).fill(0)];
  // Where most days are without calls, the median of those that have some.
  const usual = median(days) || median(known);
  return roundUp(Math.max(LEAST, (2 * usual) / 1_000_000));
}

function templatesOf(costs: DailyCosts, budgets: Budget[]): Template[] {
  const euros = proposedEuros(costs);
  const name = `Today over €${Number.isInteger(euros) ? euros : euros.toFixed(2)}`;
  const [budget] = budgets;
  return [
    {
      label: name,
      about:
        costs.size === 0
          ? 'A day costs more than you say.'
          : 'A day costs twice as much as the median day of the last four weeks.',
      href: link({
        ...{ type: 'threshold', name, measure: 'cost', window: 'day', critical: String(euros) },
      }),
    },
    budget
      ? {
          label: 'Budget used up',
          about: `“${budget.name}” is used to 50, 80 or 100%.`,
          href: link({
            type: 'budget',
            name: `Budget ${budget.name}`.slice(0, 100),
            budget: budget.id,
            percents: '50, 80, 100',
          }),
        }
      : {
          label: 'Month over budget',
          about: 'A month is used to 50, 80 or 100%. Make its budget first.',
          href: '/budgets/new',
        },
    {
      label: 'Unusual day',
      about: 'A day costs far more, or far less, than that weekday does.',
      href: link({ type: 'unusual', name: 'Unusual day', window: 'day' }),
    },
    {
      label: 'Model without a price',
      about: 'A model uses tokens that are recorded at €0.',
      href: link({ type: 'unpriced', name: 'Model without a price' }),
    },
  ];
}

/** Rules for the first five minutes; how much a day may cost is proposed from the last four weeks. */
export async function readTemplates({ databases, reader, format }: AlertSources, at: Instant): Promise<Template[]> {
  const { timeZone } = format;
  const today = dayOf(at, timeZone);
  const window = { from: startOfDay(addDays(today, -DAYS), timeZone), to: startOfDay(today, timeZone) };
  const query = queryWithin(queryOfFilter('', { timeZone }, at), window);
  const [{ value }, budgets] = await Promise.all([reader.dailyCosts(query), readBudgets(databases.backoffice)]);
  return templatesOf(value, budgets);
}
