export type Charge = Record<string, string>;

const DECIMAL = /^-?\d+(\.\d+)?$/;
const INSTANT = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/;
const SOME_TEXT = /\S/;
const NULL = /^$/;

/**
 * What the specification asks of the columns of a usage charge that is no correction, by its files specification/columns/*.md and
 * attributes/{numeric,datetime}_format.md as of 1.2: type, format, nulls and allowed values. All of those that are mandatory are among them.
 */
export const FOCUS_COLUMNS: Record<string, RegExp> = {
  BilledCost: DECIMAL,
  BillingAccountId: SOME_TEXT,
  BillingAccountName: SOME_TEXT,
  BillingCurrency: /^[A-Z]{3}$/,
  BillingPeriodEnd: INSTANT,
  BillingPeriodStart: INSTANT,
  ChargeCategory: /^Usage$/,
  ChargeClass: NULL,
  ChargeDescription: SOME_TEXT,
  ChargeFrequency: /^Usage-Based$/,
  ChargePeriodEnd: INSTANT,
  ChargePeriodStart: INSTANT,
  ConsumedQuantity: /^[1-9]\d*$/,
  ConsumedUnit: SOME_TEXT,
  ContractedCost: DECIMAL,
  EffectiveCost: DECIMAL,
  InvoiceIssuerName: SOME_TEXT,
  ListCost: DECIMAL,
  PricingCategory: /^(Standard|Dynamic|Committed|Other)$/,
  PricingQuantity: DECIMAL,
  PricingUnit: SOME_TEXT,
  ProviderName: SOME_TEXT,
  PublisherName: SOME_TEXT,
  ServiceCategory: /^AI and Machine Learning$/,
  ServiceName: SOME_TEXT,
  ServiceSubcategory:
    /^(Bots|Generative AI|Machine Learning|Natural Language Processing|Other \(AI and Machine Learning\))$/,
  SkuId: /^/,
};

/** A line of a bill may be in a sub account; of taxes and credits there is no quantity. */
const OF_ALL = { SubAccountId: /^/, SubAccountName: /^/, ChargeCategory: /^(Usage|Tax|Credit)$/ };
const NO_QUANTITY = { ConsumedQuantity: NULL, ConsumedUnit: NULL, PricingQuantity: NULL, PricingUnit: NULL };

/** What it asks of a charge of its category. */
function columnsOf({ ChargeCategory, SubAccountId }: Charge): Record<string, RegExp> {
  const all = SubAccountId === undefined ? FOCUS_COLUMNS : { ...FOCUS_COLUMNS, ...OF_ALL };
  if (SubAccountId === undefined || ChargeCategory === 'Usage') return all;
  return { ...all, ...NO_QUANTITY, PricingCategory: NULL, ChargeFrequency: /^(One-Time|Recurring)$/ };
}

/** What is wrong with a file by the specification. */
export function problemsOf(charges: Charge[]): string[] {
  return charges.flatMap((charge, i) => {
    const wrong = Object.entries(columnsOf(charge)).flatMap(([name, format]) =>
      format.test(charge[name] ?? 'missing: no column') ? [] : [`${i}: ${name} is ${JSON.stringify(charge[name])}`],
    );
    const own = Object.keys(charge).filter((name) => !(name in columnsOf(charge)) && !/^x_[A-Za-z]+$/.test(name));
    const inOrder = ['BillingPeriodStart', 'ChargePeriodStart', 'ChargePeriodEnd', 'BillingPeriodEnd'].map((name) =>
      Date.parse(charge[name] ?? ''),
    );
    const within = inOrder.every((at, n) => n === 0 || at >= (inOrder[n - 1] as number)) && inOrder[1] !== inOrder[2];
    return [...wrong, ...own.map((name) => `${i}: ${name} is no column`), ...(within ? [] : [`${i}: ${inOrder}`])];
  });
}
