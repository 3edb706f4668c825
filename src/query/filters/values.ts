import { z } from 'zod';
import { nameWritten, written } from '../../catalog/written.ts';
import type { Dimensions } from '../dimensions.ts';
import type { FieldView, Filter, SeveralChoices } from './entry.ts';

/** A text of at most so many characters, as PostgreSQL counts them. */
export const text = (most: number, takes: string) =>
  z.string(takes).refine((value) => [...value].length <= most && !value.includes('\0'), takes);

/** A name of the database as addresses write it. */
const name = (most: number, takes: string) =>
  z.preprocess((value) => (typeof value === 'string' ? nameWritten(value) : value), text(most, takes));

export const uuid = z
  .guid('takes a whole id, such as 6f9619ff-8b86-4011-b42d-00c04fc964ff')
  .transform((value) => value.toLowerCase());

export const oneOf = <const T extends readonly string[]>(values: T) => z.enum(values, `takes ${values.join(', ')}`);

type ListedNames = { known: string[]; active: string[]; labelOf: (name: string) => string; none: string };

/** Of so many names that a person looks through them; others are found by searching. */
const MOST_LISTED = 200;

/** One select for the usual single name; with several active, it adds another and the chips take away. */
function choicesOf({ known, active, labelOf, none }: ListedNames): (FieldView & { kind: 'choices' })['choices'] {
  const [only] = active.length === 1 ? active : [];
  const values = new Set([...known.slice(0, MOST_LISTED), ...(only === undefined ? [] : [only])]);
  const unlisted = known.filter((name) => !values.has(name)).length;
  return [
    { value: '', label: active.length > 1 ? 'Add another…' : none, selected: only === undefined },
    ...[...values].map((value) => ({ value: written(value), label: labelOf(value), selected: value === only })),
    ...(unlisted > 0 ? [{ value: '', label: `and ${unlisted} more, which the search finds`, selected: false }] : []),
  ];
}

/** Those that are chosen come first. */
function severalOf({ known, active, labelOf }: ListedNames): SeveralChoices {
  const listed = new Set([...active, ...known.slice(0, MOST_LISTED)]);
  const unlisted = known.filter((name) => !listed.has(name)).length;
  return {
    each: [...listed].map((name) => ({ value: written(name), label: labelOf(name), checked: active.includes(name) })),
    unlisted,
  };
}

/** What the names of a kind are: those that there are, how people read them, and what a parameter takes. */
export type NamesOf = {
  known: (dimensions: Dimensions) => string[];
  labelOf: (name: string) => string;
  most: number;
  takes: string;
};

/** What every filter by name is, whichever records it leaves in: its values, and the field that they are chosen in. */
export const namesFilter = (
  { known, labelOf, most, takes }: NamesOf,
  { place, label, none }: { place: FieldView['place']; label: string; none: string },
) =>
  ({
    many: true,
    schema: name(most, takes),
    written,
    said: labelOf,
    field: (given, dimensions) => {
      const names = { known: known(dimensions), active: given ?? [], labelOf, none };
      return { ...{ place, label, kind: 'choices' }, choices: choicesOf(names), several: severalOf(names) };
    },
  }) satisfies Partial<Filter<string[]>>;
