import express, { type Request, type Response, type Router } from 'express';
import { personOf } from '../../auth/access/caller.ts';
import { readChannels } from '../../delivery/channels.ts';
import { deliveriesOf } from '../../delivery/outbox.ts';
import { readBudgets } from '../../stats/budgets/budgets.ts';
import { leftOutText } from '../../stats/pricing/left-out.ts';
import { BadInput } from '../../units/failures/bad-input.ts';
import { NotFound } from '../../units/failures/not-found.ts';
import { stamped } from '../../units/input/stamp.ts';
import { type Instant, now } from '../../units/time.ts';
import { isUuid } from '../../units/uuid.ts';
import { wantsFragment } from '../../web/htmx.ts';
import { panel } from '../../web/panel.ts';
import { takes } from '../../web/parameters.ts';
import type { Render } from '../../web/render.ts';
import { readRuleLines } from '../frame/rule-lines.ts';
import { readTemplates } from '../frame/templates.ts';
import { DAYS_WITHOUT_PRICE, readWithoutPrice } from '../frame/without-price.ts';
import {
  changeToAskedRule,
  makeAskedRule,
  muteRule,
  readAskedRule,
  rehearseAsked,
  removeRule,
} from '../rule-changes.ts';
import { ruleTypeOf } from '../rules/registry.ts';
import { ruleSentence } from '../rules/words.ts';
import { type AlertSources, RULES_PATH } from '../sources.ts';
import { readEndedAlerts, readLeftOut, readOpenAlerts } from '../store/alerts.ts';
import { changeableOf, type Rule, readRule } from '../store/rules.ts';
import { rehearsalView } from './rehearsal-view.ts';
import {
  addressOf,
  type Entered,
  enteredIn,
  enteredOf,
  FORM_PARAMETERS,
  REHEARSAL_PATH,
  ruleForm,
  typeIn,
} from './rule-form.ts';
import { MOST_ALERTS, ruleAlerts, rulePage, toldOfText } from './rule-page.ts';

const LARGEST_BODY = '20kb';

/** Makes rules, shows and changes them, and says what they would have told: the pages of one rule. */
export function rulePages({ render, ...sources }: AlertSources & { render: Render }): Router {
  const { databases, format } = sources;
  const { backoffice } = databases;
  const router = express.Router();
  const form = express.urlencoded({ extended: false, limit: LARGEST_BODY });

  const found = async (id: unknown): Promise<Rule> => {
    const rule = isUuid(String(id)) ? await readRule(backoffice, String(id)) : null;
    if (rule === null) throw new NotFound('There is no such rule. It may have been deleted.');
    return rule;
  };
  const pathOf = (id: string) => `${RULES_PATH}/${id}`;
  /** A rehearsal needs no name. */
  const askedUnnamed = (entered: Entered, at: Instant) => readAskedRule(sources, { ...entered, name: 'rehearsed' }, at);

  type Shown = { entered: Entered; error: BadInput | null; rule: Rule | null };
  const formOf = async ({ entered, error, rule }: Shown, at: Instant) => {
    const [channels, budgets, ready] = await Promise.all([
      readChannels(backoffice),
      readBudgets(backoffice),
      askedUnnamed(entered, at).then(
        () => true,
        () => false,
      ),
    ]);
    return ruleForm({
      ...{ entered, channels, budgets, ready, problems: error?.details ?? [], id: rule?.id ?? null },
      action: rule === null ? RULES_PATH : stamped(pathOf(rule.id), changeableOf(rule)),
      saves: rule === null ? 'Make the rule' : 'Save',
    });
  };

  const showNew = async (req: Request, res: Response, entered: Entered, error: BadInput | null) => {
    const at = now();
    const [shown, templates] = await Promise.all([
      formOf({ entered, error, rule: null }, at),
      panel(readTemplates(sources, at), req.log),
    ]);
    res.status(error === null ? 200 : 400);
    const data = { form: shown, templates: templates.ok ? templates.value : [] };
    render(req, res, { title: 'New rule', view: 'alerts/rule/new-rule', data });
  };
  router.get(`${RULES_PATH}/new`, takes(FORM_PARAMETERS), (req, res) => showNew(req, res, enteredOf(req.query), null));
  router.post(RULES_PATH, form, async (req, res) => {
    try {
      const at = now();
      const asked = await readAskedRule(sources, req.body, at);
      res.redirect(303, pathOf(await makeAskedRule(sources, asked, personOf(req), at, { isForm: true })));
    } catch (error) {
      if (!(error instanceof BadInput)) throw error;
      await showNew(req, res, req.body ?? {}, error);
    }
  });

  /** Null where somebody has as many under way as there may be. */
  const rehearsed = async (entered: Entered, person: string, at: Instant) => {
    const asked = await askedUnnamed(entered, at);
    const leftOut = isUuid(String(entered.id)) ? await readLeftOut(backoffice, [String(entered.id)], at) : new Map();
    const rehearsal = await rehearseAsked(sources, asked, leftOut.get(String(entered.id)) ?? [], person, at);
    const sentence = ruleSentence(asked.terms, asked.budget, format);
    return rehearsal && rehearsalView(rehearsal, asked.terms, sentence, format);
  };
  router.get(REHEARSAL_PATH, takes(FORM_PARAMETERS), async (req, res) => {
    const entered = enteredOf(req.query);
    const at = now();
    let problems: string[] = [];
    let shown = null;
    const isGiven = FORM_PARAMETERS.some((name) => name in req.query);
    try {
      if (isGiven) shown = await panel(rehearsed(entered, personOf(req).sub, at), req.log);
    } catch (error) {
      if (!(error instanceof BadInput)) throw error;
      problems = error.details.map(({ parameter, message }) => `${labelOf(parameter, entered)} ${message}`);
    }
    const busy = shown?.ok === true && shown.value === null;
    res.status(problems.length > 0 ? 400 : busy ? 429 : 200);
    if (busy) res.set('Retry-After', '2');
    const back = isUuid(String(entered.id)) ? pathOf(String(entered.id)) : `${RULES_PATH}/new`;
    const data = {
      ...{ shown, problems, busy },
      again: addressOf(REHEARSAL_PATH, entered),
      back: addressOf(back, entered),
    };
    // Within the page of a form or a rule it is a panel, and by itself a page.
    const view = wantsFragment(req) ? 'alerts/rule/rehearsal' : 'alerts/rule/rehearsal-page';
    render(req, res, { title: 'Tried on the last 90 days', view, data });
  });

  const showRule = async (req: Request, res: Response, rule: Rule, entered: Entered | null, error: BadInput | null) => {
    const at = now();
    const { id } = rule;
    const filledIn = entered ?? enteredIn(rule);
    const readAlerts = async () => {
      const [open, ended] = await Promise.all([
        readOpenAlerts(backoffice, { ruleId: id, most: MOST_ALERTS }),
        readEndedAlerts(backoffice, { ruleId: id, most: MOST_ALERTS }),
      ]);
      return ruleAlerts(rule, open, ended, format);
    };
    const [[line], alerts, shown] = await Promise.all([
      readRuleLines(sources, [rule], at),
      panel(readAlerts(), req.log),
      formOf({ entered: filledIn, error, rule }, at),
    ]);
    if (line === undefined) throw new NotFound('There is no such rule.');
    const missing = await panel(readWithoutPrice(sources, line, at), req.log);
    const leftOut = missing.ok ? missing.value && leftOutText(missing.value, format) : missing.message;
    const failing = line.sight?.error ?? null;
    const sent = failing === null ? null : await panel(deliveriesOf(backoffice, id), req.log);
    const toldOf =
      failing && sent?.ok
        ? toldOfText(
            line,
            sent.value.filter(({ made }) => made >= failing.since),
            sources.sending.mail !== null,
          )
        : null;
    res.status(error === null ? 200 : 400);
    const data = {
      ...rulePage(line, toldOf, at, format),
      leftOut: leftOut && `Of the last ${DAYS_WITHOUT_PRICE} days: ${leftOut}`,
      alerts,
      form: shown,
      editing: entered !== null,
      freshness: { asOf: at, asOfText: format.instant(at), renews: entered === null },
      retry: pathOf(id),
    };
    render(req, res, { title: `Rule ${rule.name}`, view: 'alerts/rule/rule', data });
  };
  router.get(`${RULES_PATH}/:id`, takes(FORM_PARAMETERS), async (req, res) => {
    const rule = await found(req.params.id);
    const isEdited = FORM_PARAMETERS.some((name) => name in req.query);
    await showRule(req, res, rule, isEdited ? enteredOf({ ...req.query, type: rule.type }) : null, null);
  });
  router.post(`${RULES_PATH}/:id`, form, async (req, res) => {
    const rule = await found(req.params.id);
    try {
      const at = now();
      const asked = await readAskedRule(sources, req.body, at);
      await changeToAskedRule(sources, rule, asked, personOf(req), at, req.query.was);
      res.redirect(303, pathOf(rule.id));
    } catch (error) {
      if (!(error instanceof BadInput)) throw error;
      await showRule(req, res, rule, req.body ?? {}, error);
    }
  });
  router.post(`${RULES_PATH}/:id/mute`, form, async (req, res) => {
    const rule = await found(req.params.id);
    await muteRule(sources, rule, req.body?.muted === 'true', personOf(req));
    res.redirect(303, pathOf(rule.id));
  });
  router.post(`${RULES_PATH}/:id/delete`, async (req, res) => {
    await removeRule(sources, await found(req.params.id), personOf(req), now());
    res.redirect(303, RULES_PATH);
  });
  return router;
}

/** A field as its form calls it. */
const labelOf = (parameter: string, entered: Entered): string => {
  const fields = ruleTypeOf(typeIn(entered)).fields as Record<string, { label: string }>;
  return fields[parameter]?.label ?? parameter;
};
