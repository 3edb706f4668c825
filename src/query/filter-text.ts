import { BadInput, type ParameterProblem } from '../units/failures/bad-input.ts';
import type { Instant } from '../units/time.ts';
import { FILTER_SHAPE, filterParameters, type GivenFilters } from './filters/registry.ts';
import { parseUsageQuery, type UsageQuery } from './query.ts';

/** Filters as the part of an address that says them; two that are equal mean the same calls. Empty for all calls. */
export const filterText = (given: GivenFilters): string => new URLSearchParams(filterParameters(given)).toString();

/**
 * The query that such a text means, of the default period.
 * @throws BadInput of the parameter `filter`, with what of it is not understood
 */
export function queryOfFilter(text: string, { timeZone }: { timeZone: string }, at: Instant): UsageQuery {
  const problem = (message: string): ParameterProblem => ({ parameter: 'filter', message });
  // URLSearchParams would put another character in its place.
  if (/\p{Cs}/u.test(text)) throw new BadInput([problem('takes text without half a character')]);
  const given = new URLSearchParams(text);
  const names = [...new Set(given.keys())];
  const known = Object.keys(FILTER_SHAPE);
  const strange = names.filter((name) => !known.includes(name));
  if (strange.length > 0) {
    const named = strange.slice(0, 5).map((name) => `“${name.slice(0, 60)}”`);
    throw new BadInput([problem(`takes ${known.join(', ')}, and not ${named.join(', ')}`)]);
  }
  try {
    const parameters = Object.fromEntries(names.map((name) => [name, given.getAll(name)]));
    return parseUsageQuery(parameters, { maxPageSize: 1, timeZone }, at);
  } catch (error) {
    if (!(error instanceof BadInput)) throw error;
    throw new BadInput(error.details.map(({ parameter, message }) => problem(`${parameter} ${message}`)));
  }
}
