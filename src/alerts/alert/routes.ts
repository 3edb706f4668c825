import express, { type NextFunction, type Request, type Response, type Router } from 'express';
import { personOf } from '../../auth/access/caller.ts';
import { deliveriesOf } from '../../delivery/outbox.ts';
import { readBudgets } from '../../stats/budgets/budgets.ts';
import { BadInput } from '../../units/failures/bad-input.ts';
import { now } from '../../units/time.ts';
import { isUuid } from '../../units/uuid.ts';
import { panel } from '../../web/panel.ts';
import { takes } from '../../web/parameters.ts';
import type { Render } from '../../web/render.ts';
import type { RuledAlert } from '../frame/alerts-table.ts';
import { ALERTS_PATH } from '../frame/words.ts';
import { budgetOfRule } from '../round/evaluate.ts';
import { whoseCostOf } from '../rules/registry.ts';
import { measuredOf, ruleSentence } from '../rules/words.ts';
import type { AlertSources } from '../sources.ts';
import { readAlert, readAlertLines } from '../store/alerts.ts';
import { readRule } from '../store/rules.ts';
import { alertPage, deliveriesTable, historyTable, olderLines, recountsText } from './alert-page.ts';
import { ANSWERS, answerAlert } from './answers.ts';
import { readAround } from './around.ts';
import { readRecounts } from './recount.ts';
import { readStories, readWindow } from './window-numbers.ts';

const LARGEST_BODY = '20kb';

/** An alert: what, how much, since when and why, who was told, and what somebody does about it. */
export function alertPages({ render, ...sources }: AlertSources & { render: Render }): Router {
  const { databases, format } = sources;
  const { backoffice } = databases;
  const router = express.Router();
  const form = express.urlencoded({ extended: false, limit: LARGEST_BODY });

  /** Null where there is none. */
  const found = async (id: unknown): Promise<RuledAlert | null> => {
    const alert = isUuid(String(id)) ? await readAlert(backoffice, String(id)) : null;
    const rule = alert && (await readRule(backoffice, alert.ruleId, { evenDeleted: true }));
    return alert && rule && { alert, rule };
  };

  const show = async (req: Request, res: Response, one: RuledAlert, error: BadInput | null) => {
    const at = now();
    const { alert } = one;
    const isRuleThere = (await readRule(backoffice, alert.ruleId)) !== null;
    const measured = measuredOf(alert.asked);
    const isRepriced = whoseCostOf(alert.asked, alert.asked.budget ?? null) === 'repriced';
    const told = async () => {
      const { lines, older } = await readAlertLines(backoffice, alert.id);
      const recounts = await panel(readRecounts(sources, alert, at), req.log);
      return {
        history: historyTable(lines, measured, format),
        older: olderLines(alert.id, lines, older, format),
        changed: recounts.ok ? recountsText(recounts.value, { measured, isRepriced }, format) : null,
      };
    };
    const [budgets, lines, around, window, stories, sent] = await Promise.all([
      readBudgets(backoffice),
      panel(told(), req.log),
      panel(readAround(sources, alert, at), req.log),
      panel(readWindow(sources, alert, at), req.log),
      panel(readStories(sources, alert, at), req.log),
      panel(deliveriesOf(backoffice, alert.id), req.log),
    ]);
    res.status(error === null ? 200 : 400);
    const sentence = ruleSentence(alert.asked, budgetOfRule(alert.asked, budgets), format);
    const data = {
      ...alertPage(one, isRuleThere, sentence, at, format),
      problems: error?.details.map(({ parameter, message }) => `${parameter} ${message}`) ?? [],
      ...{ lines, around, window, stories },
      sent: sent.ok ? { ok: true, value: deliveriesTable(sent.value, format) } : sent,
      entered: error === null ? '' : String(req.body?.note ?? ''),
      freshness: { asOf: at, asOfText: format.instant(at), renews: error === null },
      retry: `${ALERTS_PATH}/${alert.id}`,
    };
    render(req, res, { title: data.name, view: 'alerts/alert/alert', data });
  };

  const withAlert =
    (handle: (req: Request, res: Response, one: RuledAlert) => Promise<void>) =>
    async (req: Request, res: Response, next: NextFunction) => {
      const one = await found(req.params.id);
      // Other pages of alerts stand at addresses like this one.
      if (one === null) next();
      else await handle(req, res, one);
    };
  router.get(
    `${ALERTS_PATH}/:id`,
    takes([]),
    withAlert((req, res, one) => show(req, res, one, null)),
  );
  for (const answer of ANSWERS) {
    router.post(
      `${ALERTS_PATH}/:id/${answer}`,
      form,
      withAlert(async (req, res, one) => {
        try {
          await answerAlert(sources, one.alert, answer, req.body, personOf(req), now());
          res.redirect(303, `${ALERTS_PATH}/${one.alert.id}`);
        } catch (error) {
          if (!(error instanceof BadInput)) throw error;
          await show(req, res, one, error);
        }
      }),
    );
  }
  return router;
}
