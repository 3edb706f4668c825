import { actionInfo } from '../../catalog/actions.ts';
import { providerOf, UNKNOWN_PROVIDER } from '../../catalog/models.ts';
import type { Count, Sums } from '../../stats/sums.ts';
import type { Cell } from '../../tables/cells.ts';
import type { Column } from '../../tables/table.ts';
import type { Format } from '../../units/format.ts';

/** The key that a row is of; null where it stands for several. */
type KeyOf<Row> = (row: Row) => string | null;

/** An action by its key, and by the label that pages print. */
export const actionColumns = <Row>(keyOf: KeyOf<Row>, more: Partial<Column<Row>> = {}): Column<Row>[] => [
  { name: 'action', label: 'Action id', kind: 'text', only: 'file', value: keyOf },
  {
    name: 'actionLabel',
    label: 'Action',
    kind: 'text',
    value: (row) => {
      const key = keyOf(row);
      return key === null ? null : actionInfo(key).label;
    },
    ...more,
  },
];

/** The name of a row's model, as it was recorded. */
export const modelColumn = <Row>(keyOf: KeyOf<Row>, more: Partial<Column<Row>> = {}): Column<Row> => ({
  ...{ name: 'model', label: 'Model', kind: 'text', value: keyOf },
  ...more,
});

/** The provider of a row's model; what no provider is known of is flagged on the page. */
export const providerColumn = <Row>(keyOf: KeyOf<Row>, more: Partial<Column<Row>> = {}): Column<Row> => ({
  name: 'provider',
  label: 'Provider',
  kind: 'text',
  value: (row) => {
    const key = keyOf(row);
    return key === null ? null : providerOf(key);
  },
  cell: (row) => {
    const key = keyOf(row);
    return key !== null && providerOf(key) === UNKNOWN_PROVIDER ? { text: '', flag: UNKNOWN_PROVIDER } : {};
  },
  ...more,
});

/** Whether calls of a model were recorded without a price; the page flags them. */
export const noPriceColumn = <Row extends Sums>(keyOf: KeyOf<Row>): Column<Row> => ({
  name: 'noPrice',
  label: 'No price',
  kind: 'boolean',
  only: 'file',
  value: (row) => (keyOf(row) === null ? null : hasNoPrice(row)),
});

export const hasNoPrice = ({ cost, requests }: Sums): boolean => cost === 0 && requests > 0;

/** Calls of a row that the price list has no price for, where its costs are those of that. */
type Unpriced = Pick<Sums, 'requests'> & { unpriced: Count | null };

/** What a page flags where a row has such calls: its cost says less than it seems. */
export const withoutPrice = ({ unpriced, requests }: Unpriced, format: Format): Pick<Cell, 'flag'> =>
  unpriced ? { flag: unpriced === requests ? 'no price' : `${format.integer(unpriced)} without a price` } : {};

export const UNPRICED: Column<Unpriced> = {
  ...{ name: 'unpricedRequests', label: 'Without a price', kind: 'integer', only: 'file' },
  value: ({ unpriced }) => unpriced,
};

const nameIn = (known: Map<string, string>, key: string | null) => (key === null ? null : (known.get(key) ?? null));

/** An author or a story by its id, and by its name where somebody knows it. */
export const namedColumns = <Row>(
  kind: 'author' | 'story',
  keyOf: KeyOf<Row>,
  known: Map<string, string>,
  more: Partial<Column<Row>> = {},
): Column<Row>[] => {
  const label = kind === 'author' ? 'Author' : 'Story';
  return [
    { name: `${kind}Id`, label: `${label} id`, kind: 'uuid', only: 'file', value: keyOf },
    { name: kind, label, kind: 'text', value: (row) => nameIn(known, keyOf(row)), ...more },
  ];
};

/** How many more a row stands for that has no name of its own; the page says it in words. */
export const OTHERS: Column<{ others: number | null }> = {
  name: 'others',
  label: 'Others',
  kind: 'integer',
  only: 'file',
  value: ({ others }) => others,
};
