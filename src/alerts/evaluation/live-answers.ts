import { providerOf } from '../../catalog/models.ts';
import type { UsageFilter } from '../../query/filter.ts';
import { queryOfFilter } from '../../query/filter-text.ts';
import type { WhoseCost } from '../../query/view.ts';
import type { PriceList } from '../../stats/pricing/price-list.ts';
import { readRepricedStats } from '../../stats/pricing/repriced.ts';
import type { OneState, UsageSource } from '../../stats/source.ts';
import { bucketOf, costsOfDays, group, readCells, readDailyCosts, readStats } from '../../stats/stats.ts';
import { type Sums, sumOf, type UsageCell } from '../../stats/sums.ts';
import { groupedBy } from '../../units/grouped-by.ts';
import { microEuros } from '../../units/money.ts';
import { handled } from '../../units/promises/handled.ts';
import type { Instant } from '../../units/time.ts';
import type { Answerer, Answers, Question, SubjectKey } from '../rules/questions.ts';

/** Whether two rules ask the same: they are answered once. */
const keyOf = ({ ask, from, to, ...rest }: Question) => `${ask} ${from} ${to} ${Object.values(rest)}`;

const subjectOf: Record<SubjectKey, (cell: { model: string; action: string }) => string> = {
  model: ({ model }) => model,
  action: ({ action }) => action,
  provider: ({ model }) => providerOf(model),
};

/** The calls of a filter that were recorded at €0. */
export const unpriced = (filter: UsageFilter): UsageFilter => ({
  ...filter,
  minCost: microEuros(Math.max(filter.minCost ?? 0, 0)),
  maxCost: microEuros(Math.min(filter.maxCost ?? 0, 0)),
});

/** Reads an answer of the engine, as pages read it: rollups, and the rows around them. */
async function read(source: UsageSource, filter: UsageFilter, question: Question): Promise<Answers[Question['ask']]> {
  const cells = () => readCells(source, question, filter, 'whole');
  switch (question.ask) {
    case 'sums':
      return sumOf(await cells());
    case 'stories': {
      const { total } = await readStats(source, question, filter, 'day');
      return { sums: total, stories: total.stories };
    }
    case 'subjects': {
      return group(await cells(), subjectOf[question.by]);
    }
    case 'days':
      return readDailyCosts(source, question, filter);
    case 'days of models':
      return daysOfModels(await readCells(source, question, filter, 'day'));
  }
}

/** The same where each call costs what the price list says; what has no price costs nothing there, and is told on the page of the rule. */
async function readRepriced(
  source: UsageSource,
  filter: UsageFilter,
  question: Question,
  list: PriceList,
): Promise<Answers[Question['ask']]> {
  const stats = await readRepricedStats(source, question, filter, 'day', list);
  switch (question.ask) {
    case 'sums':
      return sumOf(stats.cells);
    case 'stories':
      return { sums: sumOf(stats.cells), stories: stats.total.stories };
    case 'subjects':
      return group(stats.cells, subjectOf[question.by]);
    case 'days':
      return costsOfDays(stats);
    case 'days of models':
      return daysOfModels(stats.cells);
  }
}

/** For each model the sums of its days, in no order. */
function daysOfModels(cells: UsageCell[]): Map<string, Sums[]> {
  return new Map(
    [...groupedBy(cells, ({ model }) => model)].map(([model, own]) => [model, [...group(own, bucketOf.day).values()]]),
  );
}

/**
 * Answers the questions of many rules about one state, as of some instant. Rules with the same filter that ask the same are answered
 * once.
 */
export function liveAnswers({ source, filterOf, prices }: OneState, at: Instant) {
  const { timeZone } = source;
  const filters = new Map<string, Promise<UsageFilter>>();
  const answers = new Map<string, Promise<unknown>>();
  let list: Promise<PriceList> | null = null;
  const listed = () => {
    list ??= handled(prices());
    return list;
  };
  const filterOfText = (text: string) => {
    const kept = filters.get(text) ?? handled((async () => filterOf(queryOfFilter(text, { timeZone }, at)))());
    filters.set(text, kept);
    return kept;
  };
  const answer = async (text: string, cost: WhoseCost, question: Question) => {
    const ofRule = await filterOfText(text);
    const filter = question.ask === 'subjects' && question.unpriced ? unpriced(ofRule) : ofRule;
    return cost === 'recorded'
      ? read(source, filter, question)
      : readRepriced(source, filter, question, await listed());
  };
  /** For a rule of these calls, the filters of an address, and of these costs. */
  return (text: string, cost: WhoseCost): Answerer =>
    <Q extends Question>(question: Q) => {
      const key = `${cost} ${text} ${keyOf(question)}`;
      const kept = answers.get(key) ?? handled(answer(text, cost, question));
      answers.set(key, kept);
      return kept as Promise<Answers[Q['ask']]>;
    };
}
