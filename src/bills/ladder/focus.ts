import type { Kind } from '../../stats/bills/bill-lines.ts';
import type { KeptLine } from '../../stats/bills/read-lines.ts';
import { focusColumns, focusInstant } from '../../tables/focus.ts';
import { type DataTable, dataTable } from '../../tables/table.ts';
import { type Day, firstDayOf, monthOf } from '../../units/calendar.ts';
import { periodOf } from '../../units/calendar-period.ts';
import { eurosNumber } from '../../units/money.ts';
import { startOfDay } from '../../units/time.ts';

/** What FOCUS calls a line; all kinds of use are one. */
const CATEGORIES: Partial<Record<Kind, string>> = { tax: 'Tax', credit: 'Credit' };
const USAGE = 'Usage';
const categoryOf = ({ kind }: KeptLine) => CATEGORIES[kind] ?? USAGE;
const isUsage = (line: KeptLine) => categoryOf(line) === USAGE;

/** Days of bills are of UTC. */
const instantOf = (day: Day) => focusInstant(startOfDay(day, 'UTC'));
const monthOfLine = ({ firstDay }: KeptLine) => periodOf(firstDayOf(monthOf(firstDay)), 'month');

/** Whole tokens, where a line says them. */
const tokensOf = ({ quantity }: KeptLine): number | null =>
  quantity !== null && /^[1-9]\d{0,14}$/.test(quantity) ? Number(quantity) : null;
/** FOCUS asks for a quantity of all use: a line without tokens is one charge. */
const quantityOf = (line: KeptLine) => (isUsage(line) ? (tokensOf(line) ?? 1) : null);
const unitOf = (line: KeptLine) => (isUsage(line) ? (tokensOf(line) === null ? 'Charges' : 'Tokens') : null);

/**
 * The lines of a provider's bill that count, as FinOps tools read them: a charge each, in the columns of FOCUS 1.2 and in the currency that it
 * was billed in. No line says what the list would have been, so all its costs are the same. Accounts are not told apart by anything but the provider.
 */
export function focusTable(provider: string, lines: readonly KeptLine[]): DataTable {
  const { column, same } = focusColumns<KeptLine>();
  const cost = (name: string) => column(name, 'decimal', ({ amount }) => Number(amount));
  return dataTable(
    [
      cost('BilledCost'),
      same('BillingAccountId', provider),
      same('BillingAccountName', `Account at ${provider}`),
      column('BillingCurrency', 'text', ({ currency }) => currency),
      column('BillingPeriodEnd', 'text', (line) => instantOf(monthOfLine(line).next)),
      column('BillingPeriodStart', 'text', (line) => instantOf(monthOfLine(line).first)),
      column('ChargeCategory', 'text', categoryOf),
      column('ChargeClass', 'text', () => null),
      column('ChargeDescription', 'text', ({ item }) => item),
      column('ChargeFrequency', 'text', (line) => (isUsage(line) ? 'Usage-Based' : 'One-Time')),
      column('ChargePeriodEnd', 'text', ({ lastDay }) => instantOf(periodOf(lastDay, 'day').next)),
      column('ChargePeriodStart', 'text', ({ firstDay }) => instantOf(firstDay)),
      column('ConsumedQuantity', 'integer', quantityOf),
      column('ConsumedUnit', 'text', unitOf),
      cost('ContractedCost'),
      cost('EffectiveCost'),
      same('InvoiceIssuerName', provider),
      cost('ListCost'),
      column('PricingCategory', 'text', (line) => (isUsage(line) ? 'Standard' : null)),
      column('PricingQuantity', 'integer', quantityOf),
      column('PricingUnit', 'text', unitOf),
      same('ProviderName', provider),
      same('PublisherName', provider),
      same('ServiceCategory', 'AI and Machine Learning'),
      same('ServiceName', `${provider} API`),
      same('ServiceSubcategory', 'Generative AI'),
      column('SkuId', 'text', (line) => (isUsage(line) ? line.item : null)),
      column('SubAccountId', 'text', ({ project }) => project || null),
      column('SubAccountName', 'text', ({ project }) => project || null),
      column('x_Kind', 'text', ({ kind }) => kind),
      column('x_BilledEuros', 'decimal', ({ euros }) => (euros === null ? null : eurosNumber(euros))),
    ],
    { title: 'FOCUS 1.2', rows: [...lines] },
  );
}
