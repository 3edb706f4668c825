import type { Names } from '../../catalog/names.ts';
import type { Format } from '../../units/format.ts';
import type { WhoseCost } from '../view.ts';
import { FILTER_NAMES, type FilterName, filterOfName, type GivenFilters, valuesOf } from './registry.ts';

/** One value of a filter in words, and how it goes on from those before: "Calls whose" model is gpt-5, "or" tts-1, "and whose" author is Ana. */
export type FilterWords = { name: FilterName; one: unknown; joint: string; label: string; value: string };

/** Every filter that is given, value by value, in their order. */
export function filterWords(given: GivenFilters & { cost?: WhoseCost }, names: Names, format: Format): FilterWords[] {
  return FILTER_NAMES.filter((name) => valuesOf(given, name).length > 0).flatMap((name, g) => {
    const { whose = 'whose', also, said, ...filter } = filterOfName(name);
    const label = given.cost === 'repriced' && filter.isOfRecordedCost ? `recorded ${filter.label}` : filter.label;
    const values: unknown[] = valuesOf(given, name);
    return values.map((one, i) => ({
      ...{ name, one, label },
      joint: i > 0 && also === 'or' ? 'or' : `${g === 0 && i === 0 ? 'Calls' : 'and'} ${whose}`,
      value: said(one, { names, format }),
    }));
  });
}

/** "Calls whose model is gpt-5 or tts-1 and whose author is Ana": what a budget says of itself. */
export function filterSentence(given: GivenFilters & { cost?: WhoseCost }, names: Names, format: Format): string {
  const words = filterWords(given, names, format);
  if (words.length === 0) return 'All calls';
  return words
    .map(({ joint, label, value }) => (joint === 'or' ? `or ${value}` : `${joint} ${label} ${value}`))
    .join(' ');
}

/** The same of a view or a file, with whose costs it has where those are not the recorded ones. */
export function viewSentence(query: GivenFilters & { cost: WhoseCost }, names: Names, format: Format): string {
  const costs = query.cost === 'repriced' ? ', with costs by the price list' : '';
  return filterSentence(query, names, format) + costs;
}
