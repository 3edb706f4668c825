import { aboutModel, providerOf } from '../../catalog/models.ts';
import type { WhoseCost } from '../../query/view.ts';
import type { RepricedStats } from '../../stats/pricing/repriced.ts';
import { group } from '../../stats/stats.ts';
import { type Sums, totalTokens, type UsageCell } from '../../stats/sums.ts';
import { focusColumns, focusInstant } from '../../tables/focus.ts';
import { type DataTable, dataTable } from '../../tables/table.ts';
import { compareDays, type Day } from '../../units/calendar.ts';
import { periodOf } from '../../units/calendar-period.ts';
import { byCodePoint } from '../../units/code-points.ts';
import { eurosNumber, type MicroEuros, NO_EUROS } from '../../units/money.ts';
import { endOfDay, NO_TIME, startOfDay } from '../../units/time.ts';

/** What calls of a model and an action cost on a business day; `repriced` is null where the price list has no price for them. */
type Charge = {
  day: Day;
  model: string;
  action: string;
  recorded: Sums;
  repriced: MicroEuros | null;
};

function chargesOf({ recorded, cells, unpricedCells }: RepricedStats): Charge[] {
  const keyOf = ({ bucket, model, action }: UsageCell) => JSON.stringify([bucket, model, action]);
  const [repriced, unpriced] = [group(cells, keyOf), group(unpricedCells, keyOf)];
  return [...group(recorded.cells, keyOf)]
    .flatMap(([key, sums]): Charge[] => {
      const [bucket, model, action] = JSON.parse(key) as [string, string, string];
      // A charge is of a time: records without one are of no window that has any.
      if (bucket === NO_TIME) return [];
      const cost = unpriced.has(key) ? null : (repriced.get(key)?.cost ?? null);
      return [{ day: bucket as Day, model, action, recorded: sums, repriced: cost }];
    })
    .sort((a, b) => compareDays(a.day, b.day) || byCodePoint(a.model, b.model) || byCodePoint(a.action, b.action));
}

/**
 * The costs of a view as FinOps tools read them: a charge for each business day, model and action, in the columns of FOCUS 1.2
 * (https://focus.finops.org/focus-specification/v1-2/). Costs are the recorded ones, or those of the price list where they are asked for
 * (zero where it has none); ListCost is of the price list, and as recorded where that has none. Of the columns that depend on what a provider
 * has, those of unit prices are left out: a charge has tokens in and out, of two prices.
 */
export function focusTable(stats: RepricedStats, whose: WhoseCost, timeZone: string): DataTable {
  const costOf = ({ recorded, repriced }: Charge) =>
    eurosNumber(whose === 'recorded' ? recorded.cost : (repriced ?? NO_EUROS));
  const month = ({ day }: Charge) => periodOf(day, 'month');
  const { column, same } = focusColumns<Charge>();
  const maker = ({ model }: Charge) => providerOf(model);
  return dataTable(
    [
      column('BilledCost', 'decimal', costOf),
      same('BillingAccountId', 'workflows_db'),
      same('BillingAccountName', 'AI calls of workflows_db'),
      same('BillingCurrency', 'EUR'),
      column('BillingPeriodEnd', 'text', (charge) => focusInstant(startOfDay(month(charge).next, timeZone))),
      column('BillingPeriodStart', 'text', (charge) => focusInstant(startOfDay(month(charge).first, timeZone))),
      same('ChargeCategory', 'Usage'),
      column('ChargeClass', 'text', () => null),
      column('ChargeDescription', 'text', ({ model, action }) => `${model}: ${action} (${aboutModel(model)})`),
      same('ChargeFrequency', 'Usage-Based'),
      column('ChargePeriodEnd', 'text', ({ day }) => focusInstant(endOfDay(day, timeZone))),
      column('ChargePeriodStart', 'text', ({ day }) => focusInstant(startOfDay(day, timeZone))),
      column('ConsumedQuantity', 'integer', ({ recorded }) => recorded.requests),
      same('ConsumedUnit', 'Requests'),
      column('ContractedCost', 'decimal', costOf),
      column('EffectiveCost', 'decimal', costOf),
      column('InvoiceIssuerName', 'text', maker),
      column('ListCost', 'decimal', ({ recorded, repriced }) => eurosNumber(repriced ?? recorded.cost)),
      same('PricingCategory', 'Standard'),
      column('PricingQuantity', 'integer', ({ recorded }) => totalTokens(recorded)),
      same('PricingUnit', 'Tokens'),
      column('ProviderName', 'text', maker),
      column('PublisherName', 'text', maker),
      same('ServiceCategory', 'AI and Machine Learning'),
      column('ServiceName', 'text', (charge) => `${maker(charge)} API`),
      same('ServiceSubcategory', 'Generative AI'),
      column('SkuId', 'text', ({ model }) => model),
      column('x_Action', 'text', ({ action }) => action),
      column('x_InputTokens', 'integer', ({ recorded }) => recorded.inputTokens),
      column('x_OutputTokens', 'integer', ({ recorded }) => recorded.outputTokens),
      column('x_RecordedCost', 'decimal', ({ recorded }) => eurosNumber(recorded.cost)),
      column('x_RepricedCost', 'decimal', ({ repriced }) => (repriced === null ? null : eurosNumber(repriced))),
    ],
    { title: 'FOCUS 1.2', rows: chargesOf(stats) },
  );
}
