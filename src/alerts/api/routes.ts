import express, { type Request, type Response, type Router } from 'express';
import { personOf } from '../../auth/access/caller.ts';
import { readChannels } from '../../delivery/channels.ts';
import { readBudgets } from '../../stats/budgets/budgets.ts';
import { BadInput, takenOnce } from '../../units/failures/bad-input.ts';
import { NotFound } from '../../units/failures/not-found.ts';
import { type Instant, isoFromInstant, now } from '../../units/time.ts';
import { isUuid } from '../../units/uuid.ts';
import { TooMany } from '../../web/errors.ts';
import { takesOnly } from '../../web/parameters.ts';
import { linesPath } from '../alert/alert-page.ts';
import { ANSWERS, answerAlert } from '../alert/answers.ts';
import { alertJson } from '../alert-json.ts';
import { alertsPath } from '../frame/alerts-table.ts';
import { channelsOf } from '../frame/rule-lines.ts';
import { readWithoutPrice } from '../frame/without-price.ts';
import { budgetOfRule, filterTextOf } from '../round/evaluate.ts';
import { changeToAskedRule, makeAskedRule, readAskedRule, rehearseAsked, removeRule } from '../rule-changes.ts';
import { whoseCostOf } from '../rules/registry.ts';
import { ruleSentence } from '../rules/words.ts';
import type { AlertSources } from '../sources.ts';
import { type Alert, readAlert, readAlertLines, readEndedAlerts, readOpenAlerts } from '../store/alerts.ts';
import { type Rule, readRule, readRules } from '../store/rules.ts';
import { readProgress, readSights } from '../store/standings.ts';
import { lineJson, rehearsalJson, ruleJson } from './json.ts';

const RULES = '/api/alerts/rules';
const LARGEST_BODY = '20kb';
/** More than any rule has at once: what is more is asked of each rule. */
const MOST_OPEN = 1_000;
const MOST_ENDED = 200;

const named = (body: unknown): unknown =>
  typeof body === 'object' && body !== null && !Array.isArray(body) ? { name: 'rehearsed', ...body } : body;

/** Rules and alerts for programs: the JSON of docs/openapi.yaml. */
export function alertsApi(sources: AlertSources): Router {
  const { databases, format, sending } = sources;
  const { backoffice } = databases;
  const router = express.Router();
  const json = express.json({ limit: LARGEST_BODY });
  const none = takesOnly([]);

  const found = async (id: unknown): Promise<Rule> => {
    const rule = isUuid(String(id)) ? await readRule(backoffice, String(id)) : null;
    if (rule === null) throw new NotFound('There is no such rule. It may have been deleted.');
    return rule;
  };
  const inJson = async (rules: Rule[]) => {
    const at = now();
    const [sights, budgets, there] = await Promise.all([
      readSights(
        backoffice,
        rules.map(({ id }) => id),
      ),
      readBudgets(backoffice),
      readChannels(backoffice),
    ]);
    return Promise.all(
      rules.map(async (rule) => {
        const budget = budgetOfRule(rule, budgets);
        const asks = { filter: filterTextOf(rule, budget), cost: whoseCostOf(rule, budget) };
        const unpriced = await readWithoutPrice(sources, asks, at);
        const sentence = ruleSentence(rule, budget, format);
        return ruleJson(rule, channelsOf(rule, there), sights.get(rule.id) ?? null, { sentence, unpriced });
      }),
    );
  };
  const answer = async (res: Response, status: number, id: string) => {
    const [rule] = await inJson([await found(id)]);
    res.status(status).json(rule);
  };
  const asked = (req: Request, at: Instant, owner: string) => readAskedRule(sources, req.body, at, owner);

  router.get(RULES, none, async (_req, res) => {
    res.json({ rules: await inJson(await readRules(backoffice)) });
  });
  router.post(RULES, none, json, async (req, res) => {
    const at = now();
    const id = await makeAskedRule(sources, await asked(req, at, personOf(req).email), personOf(req), at);
    await answer(res.location(`${RULES}/${id}`), 201, id);
  });
  router.get(`${RULES}/:id`, none, async (req, res) => answer(res, 200, String(req.params.id)));
  router.put(`${RULES}/:id`, none, json, async (req, res) => {
    const rule = await found(req.params.id);
    const at = now();
    await changeToAskedRule(sources, rule, await asked(req, at, rule.owner), personOf(req), at);
    await answer(res, 200, rule.id);
  });
  router.delete(`${RULES}/:id`, none, async (req, res) => {
    await removeRule(sources, await found(req.params.id), personOf(req), now());
    res.status(204).end();
  });

  router.post('/api/alerts/rehearse', none, json, async (req, res) => {
    const at = now();
    // Nothing is saved: a rule that has no name yet can be rehearsed.
    const rule = await readAskedRule(sources, named(req.body), at);
    const rehearsal = await rehearseAsked(sources, rule, [], personOf(req).sub, at);
    if (rehearsal === null) throw new TooMany('A rehearsal is under way, and another would slow down everybody.', 2);
    res.json(rehearsalJson(rehearsal, rule.terms));
  });

  const alertsJson = async (alerts: Alert[]) => {
    const rules = new Map<string, Rule | null>();
    for (const { ruleId } of alerts)
      if (!rules.has(ruleId)) rules.set(ruleId, await readRule(backoffice, ruleId, { evenDeleted: true }));
    return alerts.flatMap((alert) => {
      const rule = rules.get(alert.ruleId);
      return rule ? [alertJson(alert, rule, sending.appUrl)] : [];
    });
  };

  /** The alert of an id that a parameter gives; null where it does not. */
  const followed = async (after: string | undefined): Promise<Alert | null> => {
    if (after === undefined) return null;
    const alert = isUuid(after) ? await readAlert(backoffice, after) : null;
    if (alert === null) throw new BadInput([{ parameter: 'after', message: 'takes the id of an alert' }]);
    return alert;
  };
  router.get('/api/alerts', takesOnly(['rule', 'after']), async (req, res) => {
    const at = now();
    const { rule, after } = takenOnce(req.query, ['rule', 'after']);
    if (rule !== undefined && !isUuid(rule))
      throw new BadInput([{ parameter: 'rule', message: 'takes the id of a rule' }]);
    const of = { ruleId: rule ?? null };
    const last = await followed(after);
    const [open, ended, { until, resting }] = await Promise.all([
      last === null ? readOpenAlerts(backoffice, { ...of, most: MOST_OPEN }) : { alerts: [], more: 0 },
      readEndedAlerts(backoffice, { ...of, after: last, most: MOST_ENDED }),
      readProgress(backoffice, at),
    ]);
    const end = ended.alerts.at(-1);
    res.json({
      alerts: await alertsJson([...open.alerts, ...ended.alerts]),
      more: { open: open.more, ended: ended.more },
      next: ended.more > 0 && end ? alertsPath({ ...(rule === undefined ? {} : { rule }), after: end.id }) : null,
      evaluatedUntil: until === null ? null : isoFromInstant(until),
      restingUntil: resting === null ? null : isoFromInstant(resting.until),
    });
  });
  router.get('/api/alerts/:id', takesOnly(['before']), async (req, res, next) => {
    const id = String(req.params.id);
    if (!isUuid(id)) return next();
    const { before } = takenOnce(req.query, ['before']);
    if (before !== undefined && !isUuid(before))
      throw new BadInput([{ parameter: 'before', message: 'takes the id of a line of its history' }]);
    const alert = await readAlert(backoffice, id);
    const [one] = alert === null ? [] : await alertsJson([alert]);
    if (!alert || !one) throw new NotFound('There is no such alert.');
    const { lines, older } = await readAlertLines(backoffice, id, before ?? null);
    const [first] = lines;
    res.json({
      ...one,
      history: lines.map(lineJson(one.measured)),
      older: { lines: older, url: older > 0 && first ? linesPath(id, first.id) : null },
    });
  });
  for (const answer of ANSWERS) {
    router.post(`/api/alerts/:id/${answer}`, none, json, async (req, res) => {
      const id = String(req.params.id);
      const alert = isUuid(id) ? await readAlert(backoffice, id) : null;
      if (alert === null) throw new NotFound('There is no such alert.');
      await answerAlert(sources, alert, answer, req.body, personOf(req), now());
      const [one] = await alertsJson([(await readAlert(backoffice, id)) ?? alert]);
      res.json(one);
    });
  }
  return router;
}
