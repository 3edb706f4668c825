import { type Names, readNames } from '../../catalog/names.ts';
import { type Channel, readChannels } from '../../delivery/channels.ts';
import { queryOfFilter } from '../../query/filter-text.ts';
import { namedIn } from '../../query/filters/registry.ts';
import { filterSentence } from '../../query/filters/words.ts';
import type { WhoseCost } from '../../query/view.ts';
import { readBudgets } from '../../stats/budgets/budgets.ts';
import type { Format } from '../../units/format.ts';
import type { Instant } from '../../units/time.ts';
import { budgetOfRule, filterTextOf } from '../round/evaluate.ts';
import { whoseCostOf } from '../rules/registry.ts';
import { ruleSentence } from '../rules/words.ts';
import type { AlertSources } from '../sources.ts';
import type { Rule } from '../store/rules.ts';
import { type RuleSight, readSights } from '../store/standings.ts';

/** A rule, how it stands, what it tells of and of which calls, in words; `filter` is that of its calls, `cost` whose costs it counts. */
export type RuleLine = {
  rule: Rule;
  sight: RuleSight | null;
  sentence: string;
  calls: string;
  filter: string;
  cost: WhoseCost;
  /** None of its channels is there any more, or it names none. */
  tellsNobody: boolean;
};

/** The ids of a rule's channels that are there: others were deleted. */
export const channelsOf = ({ channels }: Pick<Rule, 'channels'>, there: Channel[]): string[] =>
  channels.filter((id) => there.some((channel) => channel.id === id));

/** Rules with what people read of them, in their order. */
export async function readRuleLines(
  { databases, format }: Pick<AlertSources, 'databases' | 'format'>,
  rules: Rule[],
  at: Instant,
): Promise<RuleLine[]> {
  const { backoffice } = databases;
  const ids = rules.map(({ id }) => id);
  const [budgets, sights, there] = await Promise.all([
    readBudgets(backoffice),
    readSights(backoffice, ids),
    readChannels(backoffice),
  ]);
  const found = rules.map((rule) => {
    const budget = budgetOfRule(rule, budgets);
    return { rule, budget, filter: filterTextOf(rule, budget) };
  });
  const calls = await callsOf([...new Set(found.map(({ filter }) => filter))], { databases, format }, at);
  return found.map(({ rule, budget, filter }) => ({
    ...{ rule, filter, cost: whoseCostOf(rule, budget), sight: sights.get(rule.id) ?? null },
    sentence: ruleSentence(rule, budget, format),
    calls: calls.get(filter) ?? '',
    tellsNobody: channelsOf(rule, there).length === 0,
  }));
}

/** Which calls some filters mean, as sentences; the names in all of them are read at once. */
async function callsOf(
  filters: string[],
  { databases, format }: { databases: Parameters<typeof readNames>[0]; format: Format },
  at: Instant,
): Promise<Map<string, string>> {
  const queries = filters.map((filter) => ({ filter, query: queryOfFilter(filter, format, at) }));
  const named = queries.map(({ query }) => namedIn(query));
  const names: Names = await readNames(databases, {
    authors: [...new Set(named.flatMap(({ authors }) => authors))],
    stories: [...new Set(named.flatMap(({ stories }) => stories))],
  });
  return new Map(queries.map(({ filter, query }) => [filter, filterSentence(query, names, format)]));
}
