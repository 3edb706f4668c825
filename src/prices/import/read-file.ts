import { BadInput, type ParameterProblem } from '../../units/failures/bad-input.ts';
import { wrongFile } from '../../units/failures/wrong-file.ts';
import type { Format } from '../../units/format.ts';
import {
  atLine,
  type CsvLine,
  csvLines,
  csvNumber,
  csvText,
  type Delimiter,
  delimiterOf,
} from '../../units/input/csv.ts';
import { pricesTable } from '../price-tables.ts';
import { MOST_PRICES, type PriceTerms } from '../store.ts';
import { parsePrice, priceKey, priceName } from '../terms.ts';

/** A line of a file and the price that it says. */
export type PriceAtLine = { line: number; terms: PriceTerms };

/** What files may say beside what somebody says of a price: who added it. */
const NOT_READ = ['addedAt', 'addedBy', 'withdrawnBy', 'priceId'];
const WITHDRAWN = 'withdrawnAt';
const NEEDED = ['model', 'from', 'currency'];
/** All others are numbers. */
const TEXTS = [
  'model',
  'action',
  'source',
  'currency',
  'from',
  'addedAt',
  'addedBy',
  WITHDRAWN,
  'withdrawnBy',
  'priceId',
];

/** "Added (UTC)" as "added". */
const plain = (heading: string) =>
  heading
    .replace(/\s*\([^)]*\)$/, '')
    .trim()
    .toLowerCase();

/** The name of each column of a file, by its name or its heading. @throws BadInput */
function namesOf(headings: string[], format: Format): string[] {
  const { columns } = pricesTable([], format);
  const known = new Map(
    columns.flatMap(({ name, label }) => [
      [plain(name), name],
      [plain(label), name],
    ]),
  );
  const names = headings.map((heading) => known.get(plain(heading)) ?? null);
  const problems = [
    ...headings.flatMap((heading, i) =>
      names[i] === null ? [atLine(1, `column ${i + 1}`, `is “${heading.slice(0, 60)}”, which no price has`)] : [],
    ),
    ...names.flatMap((name, i) =>
      name !== null && names.indexOf(name) < i ? [atLine(1, `column ${i + 1}`, `is ${name} once more`)] : [],
    ),
    ...NEEDED.filter((name) => !names.includes(name)).map((name) => atLine(1, '', `has no column ${name}`)),
  ];
  if (problems.length === 0) return names as string[];
  const all = columns.map(({ name }) => name).filter((name) => !NOT_READ.includes(name) && name !== WITHDRAWN);
  throw new BadInput([...problems.slice(0, 50), atLine(1, '', `takes the columns ${all.join(', ')}`)]);
}

/** What a file of ours says of itself. */
const isManifest = ({ record: [cell = '', ...others] }: CsvLine) => others.length === 0 && cell.startsWith('# {');

type Cells = { record: string[]; names: string[]; line: number; delimiter: Delimiter };

/** The cells of a line as they were meant, by name. @throws BadInput */
function fieldsOf({ record, names, line, delimiter }: Cells): Record<string, string> {
  if (record.length !== names.length)
    throw new BadInput([atLine(line, '', `has ${record.length} cells, and the first line has ${names.length}`)]);
  const problems: ParameterProblem[] = [];
  const fields = names.map((name, i): [string, string] => {
    const cell = (record[i] ?? '').trim();
    if (TEXTS.includes(name)) {
      const text = csvText(cell);
      if (text === null) problems.push(atLine(line, name, 'begins as a formula does'));
      return [name, text ?? ''];
    }
    const number = csvNumber(cell, delimiter);
    if ('problem' in number) problems.push(atLine(line, name, number.problem));
    return [name, 'text' in number ? number.text : ''];
  });
  if (problems.length > 0) throw new BadInput(problems);
  return Object.fromEntries(fields);
}

type ReadPrices = { prices: PriceAtLine[]; withdrawn: number };

/** Takes prices one by one, of which two of the same are a problem. `at` names a place: "Line 3". */
function collector(at: string) {
  const problems: ParameterProblem[] = [];
  const prices = new Map<string, PriceAtLine>();
  const place = (line: number, what: string) => `${at} ${line}${what === '' ? '' : `, ${what}`}`;
  return {
    take: (line: number, read: () => PriceTerms | null): void => {
      try {
        const terms = read();
        if (terms === null) return;
        const same = prices.get(priceKey(terms));
        const message = `is that of ${at.toLowerCase()} ${same?.line} too: ${priceName(terms)} from ${terms.from}`;
        if (same) problems.push({ parameter: place(line, 'from'), message });
        else prices.set(priceKey(terms), { line, terms });
      } catch (error) {
        if (!(error instanceof BadInput)) throw error;
        problems.push(
          ...error.details.map(({ parameter, message }) =>
            parameter.startsWith('Line ') ? { parameter, message } : { parameter: place(line, parameter), message },
          ),
        );
      }
    },
    /** @throws BadInput */
    taken: (): PriceAtLine[] => {
      if (problems.length > 0) throw wrongFile(problems);
      return [...prices.values()];
    },
  };
}

/** Prices as the API says them, in an array or as its answer. */
function readJson(text: string): ReadPrices {
  const wrong = (message: string) => new BadInput([{ parameter: 'The file', message }]);
  let given: unknown;
  try {
    given = JSON.parse(text);
  } catch {
    throw wrong('is no JSON');
  }
  const all = Array.isArray(given) ? given : (given as { prices?: unknown }).prices;
  if (!Array.isArray(all)) throw wrong('takes an array of prices, or { "prices": [ … ] }');
  if (all.length > MOST_PRICES) throw wrong(`has more than ${MOST_PRICES} prices`);
  const { take, taken } = collector('Price');
  let withdrawn = 0;
  all.forEach((price: unknown, i) => {
    take(i + 1, () => {
      const end = typeof price === 'object' && price !== null && WITHDRAWN in price ? price[WITHDRAWN] : null;
      if (end === null) return parsePrice(price);
      withdrawn += 1;
      return null;
    });
  });
  return { prices: taken(), withdrawn };
}

/**
 * Reads a CSV of prices, as we write it or with some of its columns, by name or heading, or the same as JSON. Prices that were withdrawn are
 * left out, and counted.
 * @throws BadInput with what is wrong, by line and field
 */
export function readPriceFile(text: string, format: Format): ReadPrices {
  if (/^\s*[[{]/.test(text)) return readJson(text);
  const delimiter = delimiterOf(text);
  const [head, ...lines] = csvLines(text, MOST_PRICES, delimiter);
  if (head === undefined) throw new BadInput([{ parameter: 'The file', message: 'is empty' }]);
  const names = namesOf(head.record, format);
  const { take, taken } = collector('Line');
  let withdrawn = 0;
  for (const { record, info } of lines.filter((line) => !isManifest(line)))
    take(info.lines, () => {
      const { [WITHDRAWN]: end = '', ...fields } = fieldsOf({ record, names, line: info.lines, delimiter });
      if (end !== '') {
        withdrawn += 1;
        return null;
      }
      for (const name of NOT_READ) delete fields[name];
      return parsePrice(fields);
    });
  return { prices: taken(), withdrawn };
}
