import type { Answer } from '../../stats/source.ts';
import type { UnitCauses } from '../../stats/stories/unit-causes.ts';
import { type PricedUnitCosts, UNITS_OF_COST, type UnitCost, type UnitCosts } from '../../stats/stories/unit-costs.ts';
import { average, eurosNumber, type MicroEuros, nearestMicro } from '../../units/money.ts';
import { isoFromInstant, isoWindow } from '../../units/time.ts';

const euros = (cost: MicroEuros) => eurosNumber(nearestMicro(cost));
const orNull = (cost: MicroEuros | null) => (cost === null ? null : euros(cost));

const unitJson = ({ count, cost, median, p90 }: UnitCost) => ({
  ...{ count, totalCost: euros(cost), averageCost: count === 0 ? null : euros(average(cost, count)) },
  ...{ medianCost: orNull(median), p90Cost: orNull(p90) },
});

const causesJson = ({ month, monthBefore, before, now, rows }: UnitCauses) => ({
  ...{ month, monthBefore, before: euros(before), now: euros(now) },
  rows: rows.map((row) => ({
    ...{ action: row.action, model: row.model, before: euros(row.before), now: euros(row.now) },
    ...{ byCalls: euros(row.calls), byPrice: euros(row.price) },
  })),
});

/** Unit costs as programs read them: docs/openapi.yaml. */
export function unitCostsJson({ query, value }: Answer<UnitCosts | PricedUnitCosts>) {
  const { months, earlier, causes } = value;
  return {
    ...isoWindow(query.window),
    asOf: isoFromInstant(query.asOf),
    months: months.map((month) => ({
      month: month.month,
      ...Object.fromEntries(UNITS_OF_COST.map((of) => [of, unitJson(month[of])])),
    })),
    earlierMonths: earlier,
    causes: causes && causesJson(causes),
    ...('unpriced' in value ? { unpriced: value.unpriced } : {}),
  };
}
