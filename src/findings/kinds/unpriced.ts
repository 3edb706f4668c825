import { written } from '../../catalog/written.ts';
import type { UsageQuery } from '../../query/query.ts';
import { addTo, noSums, type Sums, sumOf, type UsageCell, usageCellOf } from '../../stats/sums.ts';
import type { Day } from '../../units/calendar.ts';
import { groupedBy } from '../../units/grouped-by.ts';
import { NO_EUROS } from '../../units/money.ts';
import { counted, type Finding, type FindingSources, type Kind, type Part, recordsUrl, sumOfDays } from '../finding.ts';

/** As many models as a filter takes. */
const MOST_MODELS = 50;

const nameOf = ({ bucket, action, model }: Pick<UsageCell, 'bucket' | 'action' | 'model'>) =>
  `${bucket}\0${action}\0${model}`;

/**
 * What there is of each day, action and model, where a part of a day may come several times. Found by all three and not by a text of them: there are
 * tens of thousands.
 */
function addedUp(cells: readonly UsageCell[]): UsageCell[] {
  const models = new Map<string, Map<string, Map<string, UsageCell>>>();
  for (const cell of cells) {
    const { bucket, action, model, noNumber } = cell;
    const actions = models.get(model) ?? new Map<string, Map<string, UsageCell>>();
    const days = actions.get(action) ?? new Map<string, UsageCell>();
    const known = days.get(bucket);
    days.set(
      bucket,
      known ? usageCellOf(bucket, action, model, sumOf([known, cell]), known.noNumber + noNumber) : cell,
    );
    models.set(model, actions.set(action, days));
  }
  return [...models.values()].flatMap((actions) => [...actions.values()].flatMap((days) => [...days.values()]));
}

/** The days, actions and models whose calls cost nothing, and the models that have others. */
function freeOf(cells: readonly UsageCell[]): { free: UsageCell[]; paid: Set<string> } {
  const all = addedUp(cells);
  const isFree = ({ cost, noNumber }: UsageCell) => cost === 0 && noNumber === 0;
  return {
    free: all.filter(isFree),
    paid: new Set(all.filter((cell) => !isFree(cell)).map(({ model }) => model)),
  };
}

async function find({ reader, format }: FindingSources, query: UsageQuery) {
  const [stats, prices] = await Promise.all([reader.stats(query, 'day'), reader.prices()]);
  const { free, paid } = freeOf(stats.value.cells);
  const byModel = [...groupedBy(free, ({ model }) => model)]
    .map(([model, days]) => ({ model, days, calls: sumOf(days).requests }))
    .sort((a, b) => b.calls - a.calls || (a.model < b.model ? -1 : 1));
  const shown = byModel.slice(0, MOST_MODELS);
  const models = shown.map(({ model }) => model);
  const repriced =
    models.length === 0 || prices.isEmpty ? null : (await reader.repriced({ ...query, models }, 'day')).value;
  const unpriced = new Set(repriced?.unpricedCells.map(nameOf));
  const estimates = new Map<string, Sums>();
  for (const cell of repriced?.cells ?? []) {
    const name = nameOf(cell);
    const sums = estimates.get(name) ?? noSums();
    addTo(sums, cell);
    estimates.set(name, sums);
  }

  const findings = shown.flatMap(({ model, days, calls }): Finding[] => {
    const parts = days.map((one): Part & { isPriced: boolean } => {
      const name = nameOf(one);
      const isPriced = repriced !== null && !unpriced.has(name);
      const euros = isPriced ? (estimates.get(name)?.cost ?? NO_EUROS) : null;
      return { first: one.bucket as Day, count: one.requests, euros, isPriced };
    });
    const { last, ...sums } = sumOfDays(parts);
    const without = parts.filter(({ isPriced }) => !isPriced).reduce((sum, { count }) => sum + count, 0);
    // The price list says so too.
    if (without === 0 && sums.euros === 0) return [];
    const said = `${counted(calls, 'call', format)} ${calls === 1 ? 'was' : 'were'} recorded at €0`;
    const tail =
      without === calls
        ? `; the price list has no price for ${calls === 1 ? 'it' : 'them'}, so nobody can say what is missing`
        : without === 0
          ? `; by the price list ${calls === 1 ? 'it costs' : 'they cost'} ${format.roundEuros(sums.euros ?? NO_EUROS)}`
          : `; by the price list those with a price cost ${format.roundEuros(sums.euros ?? NO_EUROS)}, and ${format.integer(without)} of them have none`;
    const change = { models: [model], ...(paid.has(model) ? { maxCost: NO_EUROS } : {}) };
    return [
      {
        ...{ key: model, subject: written(model), sentence: `${said}${tail}.`, ...sums },
        records: recordsUrl(query, format, { ...change, first: sums.since, last }),
        examples: [],
      },
    ];
  });
  const more = byModel.length - shown.length;
  return {
    findings,
    notes: more > 0 ? [`${counted(more, 'more model', format)} with fewer such calls are left out.`] : [],
  };
}

export const UNPRICED: Kind = {
  name: 'unpriced',
  title: 'Models recorded at €0',
  rule: 'The writer records a model that it does not know at €0. Told are the days on which all calls of a model and an action cost nothing; not where the price list says €0 as well.',
  euros: 'what these calls cost by the price list: missing in what was recorded',
  counts: 'calls',
  find,
};
