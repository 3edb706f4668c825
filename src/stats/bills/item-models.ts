import { providerOf, withoutDate } from '../../catalog/models.ts';

/** A model by the name that its bill and its records share: without a date, in lower case. */
export const billedName = (model: string): string => (withoutDate(model) ?? model).trim().toLowerCase();

/** "Gemini 2.5 Flash, short input" as " gemini 2.5 flash short input ": words between blanks. */
const wordsOf = (text: string): string =>
  ` ${text
    .toLowerCase()
    .split(/[^\p{L}\p{N}.]+/u)
    .join(' ')
    .trim()} `;

/**
 * Finds the model that a line item is of, among those of a provider: what stands before its first comma, where that is a model of the
 * provider; else the longest of the known names whose words it has, or its first word ("gpt-5 batch, input"). Null where it names none.
 */
export function itemModels(provider: string, known: readonly string[]): (item: string) => string | null {
  const names = [...new Set(known.filter((model) => providerOf(model) === provider).map(billedName))]
    .filter((name) => name !== '')
    .sort((a, b) => b.length - a.length || (a < b ? -1 : 1))
    .map((name) => ({ name, words: wordsOf(name) }));
  const find = (item: string): string | null => {
    const [head = ''] = item.split(',');
    const name = billedName(head);
    if (!/\s/.test(name) && providerOf(name) === provider) return name;
    const words = wordsOf(item);
    const named = names.find((one) => words.includes(one.words))?.name;
    if (named !== undefined) return named;
    const [first = ''] = name.split(/\s/);
    return /\d/.test(first) && providerOf(first) === provider ? billedName(first) : null;
  };
  // A bill has an item for each of its days.
  const found = new Map<string, string | null>();
  return (item) => {
    const known = found.get(item);
    if (known !== undefined) return known;
    const model = find(item);
    found.set(item, model);
    return model;
  };
}
