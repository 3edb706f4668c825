import type { Knex } from 'knex';
import type { WhoseCost } from '../../query/view.ts';
import { type Day, dayFromPostgres, postgresFromDay } from '../../units/calendar.ts';
import type { Per } from '../../units/calendar-period.ts';
import { eurosText, type MicroEuros, microEurosFromNumeric } from '../../units/money.ts';
import type { BudgetAmount } from './budget-use.ts';

/** What calls may cost per calendar period; `filter` is the query string that says which, empty for all; `owner` an address. */
export type Budget = {
  id: string;
  name: string;
  per: Per;
  filter: string;
  cost: WhoseCost;
  owner: string;
  amounts: BudgetAmount[];
};

/** What somebody asks a budget to be. */
export type BudgetTerms = Pick<Budget, 'name' | 'per' | 'filter' | 'cost'> & { amount: MicroEuros };

/** What a page lists, and what is read at once. */
export const MOST_BUDGETS = 200;

const ALWAYS = '-infinity';

type Row = Omit<Budget, 'id' | 'amounts'> & { budget_id: string; days: string[]; amounts: string[] };

const budgetOf = ({ budget_id, name, per, filter, cost, owner, days, amounts }: Row): Budget => ({
  ...{ id: budget_id, name, per, filter, cost, owner },
  amounts: days.map((day, i) => ({
    from: day === ALWAYS ? null : dayFromPostgres(day),
    amount: microEurosFromNumeric(amounts[i] as string),
  })),
});

const selectBudgets = (backoffice: Knex) =>
  backoffice('budgets')
    .join('budget_amounts', 'budgets.budget_id', 'budget_amounts.budget_id')
    .whereNull('deleted_at')
    .groupBy('budgets.budget_id')
    .select<Row[]>(
      ...['budgets.budget_id', 'name', 'per', 'filter', 'cost', 'owner'],
      backoffice.raw(
        `array_agg(valid_from::text ORDER BY valid_from) AS days, array_agg(amount::text ORDER BY valid_from) AS amounts`,
      ),
    );

/** All that are not deleted, by name. */
export async function readBudgets(backoffice: Knex): Promise<Budget[]> {
  return (await selectBudgets(backoffice).orderByRaw('lower(name), budgets.budget_id').limit(MOST_BUDGETS)).map(
    budgetOf,
  );
}

/** Null where there is none, or it was deleted. */
export async function readBudget(backoffice: Knex, id: string): Promise<Budget | null> {
  const [row] = await selectBudgets(backoffice).where('budgets.budget_id', id);
  return row ? budgetOf(row) : null;
}

/** Null where there are as many as there may be. */
export async function makeBudget(transaction: Knex, terms: BudgetTerms, owner: string): Promise<string | null> {
  // Whoever makes one at the same time counts after this one.
  await transaction.raw('LOCK TABLE budgets IN SHARE ROW EXCLUSIVE MODE');
  const { name, per, filter, cost, amount } = terms;
  const count = await transaction('budgets').whereNull('deleted_at').count('* AS count').first();
  if (Number(count?.count) >= MOST_BUDGETS) return null;
  const [made] = await transaction('budgets')
    .insert({ name, per, filter, cost, owner })
    .returning<{ budget_id: string }[]>('budget_id');
  const id = made?.budget_id as string;
  await transaction('budget_amounts').insert({ budget_id: id, valid_from: ALWAYS, amount: eurosText(amount) });
  return id;
}

/**
 * Its amount from a day on; amounts of earlier days stay as they were, those of later ones are replaced; with null all amounts stay.
 * Returns it as it was and as it is, null where there is none any more.
 */
export async function changeBudget(
  transaction: Knex,
  id: string,
  terms: BudgetTerms,
  from: Day | null,
): Promise<[before: Budget, after: Budget] | null> {
  // Whoever changes it at the same time does so after this one.
  await transaction('budgets').where('budget_id', id).forUpdate().first('budget_id');
  const before = await readBudget(transaction, id);
  await writeTerms(transaction, id, terms, from);
  const after = await readBudget(transaction, id);
  return before === null || after === null ? null : [before, after];
}

async function writeTerms(transaction: Knex, id: string, terms: BudgetTerms, from: Day | null): Promise<void> {
  const { name, per, filter, cost, amount } = terms;
  await transaction('budgets').where('budget_id', id).update({ name, per, filter, cost });
  if (from === null) return;
  const day = postgresFromDay(from);
  await transaction('budget_amounts').where('budget_id', id).where('valid_from', '>', day).delete();
  const before = await transaction('budget_amounts')
    .where('budget_id', id)
    .where('valid_from', '<', day)
    .orderBy('valid_from', 'desc')
    .first<{ amount: string } | undefined>();
  if (before && microEurosFromNumeric(before.amount) === amount) {
    await transaction('budget_amounts').where({ budget_id: id, valid_from: day }).delete();
    return;
  }
  await transaction('budget_amounts')
    .insert({ budget_id: id, valid_from: day, amount: eurosText(amount) })
    .onConflict(['budget_id', 'valid_from'])
    .merge();
}

/** False where there is none any more. */
export async function deleteBudget(transaction: Knex, id: string): Promise<boolean> {
  const there = transaction('budgets').where('budget_id', id).whereNull('deleted_at');
  return (await there.update({ deleted_at: transaction.fn.now() })) > 0;
}
