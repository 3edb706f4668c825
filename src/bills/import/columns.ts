import { BadInput } from '../../units/failures/bad-input.ts';
import { atLine } from '../../units/input/csv.ts';

/** What a line of a bill has, and may stand in a column of its own; those that have to are marked. */
export const FIELDS = [
  { name: 'day', label: 'Day', needed: true },
  { name: 'item', label: 'Model or line item', needed: true },
  { name: 'amount', label: 'Amount', needed: true },
  { name: 'currency', label: 'Currency', needed: false },
  { name: 'project', label: 'Project', needed: false },
  { name: 'quantity', label: 'Quantity (tokens)', needed: false },
  { name: 'kind', label: 'Kind', needed: false },
] as const;
export type FieldName = (typeof FIELDS)[number]['name'];

/** Which column of a CSV is which field, by its heading; `allIn` is the currency of all amounts where no column says it. */
export type Columns = Partial<Record<FieldName, string>> & { allIn?: string };

/** As providers call them in the CSVs that they offer, in lower case, the likeliest first. Google's are those of its BigQuery billing export. */
const HEADINGS: Record<FieldName, string[]> = {
  day: [
    'day',
    'date',
    'usage_start_time',
    'usage start date',
    'usage_date_utc',
    'usage_date',
    'start_time_iso',
    'start_time',
    'month',
  ],
  item: [
    'item',
    'line item',
    'line_item',
    'sku.description',
    'sku_description',
    'sku description',
    'description',
    'model',
    'service.description',
  ],
  amount: ['amount', 'cost', 'amount_value', 'cost_usd', 'subtotal'],
  currency: ['currency', 'amount_currency', 'currency_code'],
  project: ['project', 'project.id', 'project_id', 'project_name', 'project name', 'workspace', 'workspace_id'],
  quantity: ['quantity', 'usage.amount', 'usage_amount', 'tokens'],
  kind: ['kind', 'cost_type'],
};

/** The columns that headings are likely to be; those that were kept of this provider first, where they are there. */
export function likelyColumns(headings: readonly string[], kept: Columns | null): Columns {
  const lower = headings.map((heading) => heading.toLowerCase());
  const columns: Columns = kept?.allIn === undefined ? {} : { allIn: kept.allIn };
  for (const { name } of FIELDS) {
    const known = kept?.[name];
    const found = HEADINGS[name].map((one) => lower.indexOf(one)).find((index) => index >= 0);
    if (known !== undefined && headings.includes(known)) columns[name] = known;
    else if (found !== undefined && kept === null) columns[name] = headings[found] as string;
  }
  return columns;
}

/** Where each field stands. @throws BadInput for a column that is not there, missing, or two fields */
export function placesOf(columns: Columns, headings: readonly string[]): Partial<Record<FieldName, number>> {
  const problems = FIELDS.flatMap(({ name, label, needed }) => {
    const heading = columns[name];
    if (heading === undefined)
      return needed ? [atLine(1, '', `has no column of ${label}: say which it is; it has ${headings.join(', ')}`)] : [];
    if (!headings.includes(heading))
      return [atLine(1, '', `has no column “${heading}”; it has ${headings.join(', ')}`)];
    const same = FIELDS.find((other) => other.name !== name && columns[other.name] === heading);
    return same ? [atLine(1, '', `“${heading}” cannot be both ${label} and ${same.label}`)] : [];
  });
  if (columns.currency === undefined && columns.allIn === undefined)
    problems.push(atLine(1, '', 'has no column of currency: say what all amounts are in'));
  if (problems.length > 0) throw new BadInput(problems);
  return Object.fromEntries(
    FIELDS.flatMap(({ name }) => (columns[name] === undefined ? [] : [[name, headings.indexOf(columns[name])]])),
  );
}
