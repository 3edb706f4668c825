import express, { type Request, type Response, type Router } from 'express';
import type { Knex } from 'knex';
import { personOf } from '../auth/access/caller.ts';
import { auditedChange, auditedOnce } from '../db/audit-log.ts';
import { EXTENSIONS, FORMATS } from '../export/formats.ts';
import { budgetAmountOn, isSameUntil } from '../stats/budgets/budget-use.ts';
import {
  type Budget,
  changeBudget,
  deleteBudget,
  MOST_BUDGETS,
  makeBudget,
  readBudget,
  readBudgets,
} from '../stats/budgets/budgets.ts';
import { readUse, readUses } from '../stats/budgets/read-use.ts';
import type { Day } from '../units/calendar.ts';
import { periodOf } from '../units/calendar-period.ts';
import { BadInput } from '../units/failures/bad-input.ts';
import { NotFound } from '../units/failures/not-found.ts';
import { checkStamp, stamped } from '../units/input/stamp.ts';
import { dayOf, type Instant, now } from '../units/time.ts';
import { isUuid } from '../units/uuid.ts';
import { panel } from '../web/panel.ts';
import { takes, takesOnly } from '../web/parameters.ts';
import type { Render } from '../web/render.ts';
import { budgetForm } from './budget-form.ts';
import { budgetJson } from './budget-json.ts';
import { budgetPage, budgetUseView } from './budget-page.ts';
import { BUDGETS_PATH, budgetsTable } from './budget-tables.ts';
import { type BudgetSources, callsOf, readNamedBudgets } from './export.ts';
import { type AskedBudget, parseBudget } from './terms.ts';

const API_PATH = '/api/budgets';
const LARGEST_BODY = '20kb';
const GONE = 'There is no such budget. It may have been deleted.';

type BudgetDependencies = BudgetSources & {
  render: Render;
  /** Told, in the same transaction, that a budget comes to something else from now on; returns how many rules that concerns. */
  rulesBeginAnew: (transaction: Knex, id: string, at: Instant) => Promise<number>;
};

/** From when on an amount is another; null where it is that of today, and nobody says from when on. */
function changesFrom(budget: Budget, { terms, from, readBack }: AskedBudget, today: Day): Day | null {
  const isGiven = from !== null && !(readBack && from === periodOf(today, budget.per).first);
  if (isGiven) return from;
  return terms.amount === budgetAmountOn(budget.amounts, today) ? null : periodOf(today, terms.per).first;
}

/** What calls may cost: pages, forms and the JSON of docs/openapi.yaml. */
export function budgetPages({ render, rulesBeginAnew, ...sources }: BudgetDependencies): Router {
  const { reader, databases, format } = sources;
  const { backoffice } = databases;
  const { timeZone } = format;
  const router = express.Router();
  const form = express.urlencoded({ extended: false, limit: LARGEST_BODY });
  const json = express.json({ limit: LARGEST_BODY });

  const found = async (id: unknown): Promise<Budget> => {
    const budget = isUuid(String(id)) ? await readBudget(backoffice, String(id)) : null;
    if (budget === null) throw new NotFound(GONE);
    return budget;
  };

  const inWords = ({ terms: { name, amount, per, filter, cost } }: AskedBudget) =>
    `${name}: ${format.euros(amount)} per ${per}, ${filter === '' ? 'all calls' : filter}${cost === 'repriced' ? ', by the price list' : ''}`;

  const make = async (transaction: Knex, { terms }: AskedBudget, owner: string): Promise<string> => {
    const id = await makeBudget(transaction, terms, owner);
    if (id !== null) return id;
    throw new BadInput([{ parameter: 'name', message: `is one too many: there are ${MOST_BUDGETS} budgets already` }]);
  };

  const change = (req: Request, budget: Budget, asked: AskedBudget, at: Instant): Promise<void> =>
    auditedChange(backoffice, personOf(req), 'change budget', async (transaction) => {
      const { id } = budget;
      const today = dayOf(at, timeZone);
      const from = changesFrom(budget, asked, today);
      const changed = await changeBudget(transaction, id, asked.terms, from);
      if (changed === null) throw new NotFound(GONE);
      const [before, after] = changed;
      checkStamp(req.query.was, before);
      const begun = isSameUntil(before, after, today) ? 0 : await rulesBeginAnew(transaction, id, at);
      const rules = begun === 0 ? '' : `; ${begun} ${begun === 1 ? 'rule begins' : 'rules begin'} anew`;
      return {
        value: undefined,
        subject: `${BUDGETS_PATH}/${id}`,
        details: `${inWords(asked)}${from === null ? '' : `, from ${from}`}${rules}`,
      };
    });

  const remove = (req: Request, { id, name }: Budget): Promise<void> =>
    auditedChange(backoffice, personOf(req), 'delete budget', async (transaction) => {
      if (!(await deleteBudget(transaction, id))) throw new NotFound(GONE);
      return { value: undefined, subject: `${BUDGETS_PATH}/${id}`, details: name };
    });

  router.get(BUDGETS_PATH, takes([]), async (req, res) => {
    const at = now();
    const budgets = await panel(readNamedBudgets(sources, at), req.log);
    const links = EXTENSIONS.filter((extension) => extension !== 'ndjson').map((extension) => ({
      label: FORMATS[extension].label,
      href: `${BUDGETS_PATH}.${extension}`,
      note: '',
    }));
    const data = {
      budgets: budgets.ok
        ? { ok: true, value: budgets.value.length === 0 ? null : budgetsTable(budgets.value, format).page(format) }
        : budgets,
      download:
        budgets.ok && budgets.value.length > 0
          ? { lead: 'Every budget and its past periods', groups: [{ title: 'All tables', links }], link: null }
          : null,
      freshness: { asOf: at, asOfText: format.instant(at), renews: true },
      retry: BUDGETS_PATH,
    };
    render(req, res, { title: 'Budgets', view: 'budgets/budgets', data });
  });

  const showForm = (req: Request, res: Response, values: Record<string, unknown>, error: BadInput | null) => {
    res.status(error === null ? 200 : 400);
    const data = {
      form: budgetForm({
        action: BUDGETS_PATH,
        values,
        problems: error?.details ?? [],
        saves: 'Make the budget',
        isNew: true,
      }),
    };
    render(req, res, { title: 'New budget', view: 'budgets/new-budget', data });
  };

  router.get(`${BUDGETS_PATH}/new`, takes(['filter', 'cost']), (req, res) =>
    showForm(
      req,
      res,
      { per: 'month', filter: String(req.query.filter ?? ''), cost: String(req.query.cost ?? 'recorded') },
      null,
    ),
  );

  router.post(BUDGETS_PATH, form, async (req, res) => {
    try {
      const asked = parseBudget(req.body, format, now());
      const entry = { action: 'make budget', details: inWords(asked) } as const;
      const path = await auditedOnce(
        backoffice,
        personOf(req),
        entry,
        async (transaction) => `${BUDGETS_PATH}/${await make(transaction, asked, personOf(req).email)}`,
      );
      res.redirect(303, path);
    } catch (error) {
      if (!(error instanceof BadInput)) throw error;
      showForm(req, res, req.body ?? {}, error);
    }
  });

  const showBudget = async (
    req: Request,
    res: Response,
    budget: Budget,
    values: Record<string, unknown> | null,
    error: BadInput | null,
  ) => {
    const at = now();
    const [used, calls] = await Promise.all([
      panel(readUse(reader, budget, at, timeZone), req.log),
      callsOf(budget, sources, at),
    ]);
    res.status(error === null ? 200 : 400);
    const data = {
      ...budgetPage(budget, calls, format),
      use: used.ok ? { ok: true, value: budgetUseView(used.value, format) } : used,
      form: budgetForm({
        action: stamped(`${BUDGETS_PATH}/${budget.id}`, budget),
        values: values ?? { ...budget, amount: budgetAmountOn(budget.amounts, dayOf(at, timeZone)) },
        problems: error?.details ?? [],
        saves: 'Save',
        isNew: false,
      }),
      freshness: { asOf: at, asOfText: format.instant(at), renews: error === null },
      retry: `${BUDGETS_PATH}/${budget.id}`,
    };
    render(req, res, { title: `Budget ${budget.name}`, view: 'budgets/budget', data });
  };

  router.get(`${BUDGETS_PATH}/:id`, takes([]), async (req, res) => {
    await showBudget(req, res, await found(req.params.id), null, null);
  });

  router.post(`${BUDGETS_PATH}/:id`, form, async (req, res) => {
    const budget = await found(req.params.id);
    try {
      const at = now();
      await change(req, budget, parseBudget(req.body, format, at), at);
      res.redirect(303, `${BUDGETS_PATH}/${budget.id}`);
    } catch (error) {
      if (!(error instanceof BadInput)) throw error;
      await showBudget(req, res, budget, req.body ?? {}, error);
    }
  });

  router.post(`${BUDGETS_PATH}/:id/delete`, async (req, res) => {
    await remove(req, await found(req.params.id));
    res.redirect(303, BUDGETS_PATH);
  });

  const answer = async (res: Response, status: number, budget: Budget) => {
    const at = now();
    res.status(status).json(budgetJson(await readUse(reader, budget, at, timeZone), at, timeZone));
  };

  router.get(API_PATH, takesOnly([]), async (_req, res) => {
    const at = now();
    const used = await readUses(reader, await readBudgets(backoffice), at, timeZone);
    res.json({ budgets: used.map((one) => budgetJson(one, at, timeZone)) });
  });
  router.post(API_PATH, takesOnly([]), json, async (req, res) => {
    const asked = parseBudget(req.body, format, now());
    const id = await auditedChange(backoffice, personOf(req), 'make budget', async (transaction) => {
      const made = await make(transaction, asked, personOf(req).email);
      return { value: made, subject: `${BUDGETS_PATH}/${made}`, details: inWords(asked) };
    });
    await answer(res.location(`${API_PATH}/${id}`), 201, await found(id));
  });
  router.get(`${API_PATH}/:id`, takesOnly([]), async (req, res) => answer(res, 200, await found(req.params.id)));
  router.put(`${API_PATH}/:id`, takesOnly([]), json, async (req, res) => {
    const budget = await found(req.params.id);
    const at = now();
    await change(req, budget, parseBudget(req.body, format, at), at);
    await answer(res, 200, await found(budget.id));
  });
  router.delete(`${API_PATH}/:id`, takesOnly([]), async (req, res) => {
    await remove(req, await found(req.params.id));
    res.status(204).end();
  });

  return router;
}
