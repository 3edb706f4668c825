import express, { type Router } from 'express';
import { EXTENSIONS, FORMATS } from '../../export/formats.ts';
import { type Instant, now } from '../../units/time.ts';
import { panel } from '../../web/panel.ts';
import { takes } from '../../web/parameters.ts';
import type { Render } from '../../web/render.ts';
import { withRules } from '../frame/ruled-alerts.ts';
import { readTemplates } from '../frame/templates.ts';
import { ALERTS_PATH } from '../frame/words.ts';
import { type AlertSources, RULES_PATH } from '../sources.ts';
import { readEndedAlerts, readOpenAlerts, type SomeAlerts } from '../store/alerts.ts';
import { readProgress } from '../store/standings.ts';
import { readRulesTable } from './export.ts';
import { behindText, endedView, firingView, MOST_ENDED, MOST_FIRING } from './overview-page.ts';

/** What fires now, what was resolved, and every rule with its last evaluation. */
export function alertsOverview({ render, ...sources }: AlertSources & { render: Render }): Router {
  const { databases, format } = sources;
  const { backoffice } = databases;
  const router = express.Router();

  const ruled = async ({ alerts, more }: SomeAlerts) => ({ alerts: await withRules(backoffice, alerts), more });
  const readFiring = async (at: Instant) =>
    firingView(await ruled(await readOpenAlerts(backoffice, { most: MOST_FIRING })), at, format);
  const readEnded = async () => endedView(await ruled(await readEndedAlerts(backoffice, { most: MOST_ENDED })), format);
  const readBehind = async (at: Instant) => behindText(await readProgress(backoffice, at), at, format);
  const none = async () => null;
  const readRulesView = async (at: Instant) => {
    const { count, table } = await readRulesTable(sources, at);
    return count === 0 ? null : table.page(format);
  };

  const links = EXTENSIONS.filter((extension) => extension !== 'ndjson').map((extension) => ({
    label: FORMATS[extension].label,
    href: `${RULES_PATH}.${extension}`,
    note: '',
  }));
  const download = { lead: 'Every rule and how it stands', groups: [{ title: 'Rules', links }], link: null };

  const show = (path: string, view: string, title: string, firing: boolean) =>
    router.get(path, takes([]), async (req, res) => {
      const at = now();
      const [fires, ended, behind, rules] = await Promise.all([
        panel(firing ? readFiring(at) : none(), req.log),
        panel(firing ? readEnded() : none(), req.log),
        panel(readBehind(at), req.log),
        panel(readRulesView(at), req.log),
      ]);
      const isEmpty = rules.ok && rules.value === null;
      const templates = isEmpty ? await panel(readTemplates(sources, at), req.log) : null;
      const data = {
        ...{ fires, ended, rules },
        behind: behind.ok ? behind.value : null,
        templates: templates?.ok ? templates.value : [],
        download: isEmpty ? null : download,
        freshness: { asOf: at, asOfText: format.instant(at), renews: true },
        retry: path,
      };
      render(req, res, { title, view, data });
    });
  show(ALERTS_PATH, 'alerts/overview/alerts', 'Alerts', true);
  show(RULES_PATH, 'alerts/overview/rules', 'Rules', false);
  return router;
}
