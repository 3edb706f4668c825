import express, { type Request, type Response, type Router } from 'express';
import { personOf } from '../auth/access/caller.ts';
import { EXTENSIONS, FORMATS } from '../export/formats.ts';
import { BadInput } from '../units/failures/bad-input.ts';
import { NotFound } from '../units/failures/not-found.ts';
import { handled } from '../units/promises/handled.ts';
import { type Panel, panel } from '../web/panel.ts';
import { takes, takesOnly } from '../web/parameters.ts';
import type { Render } from '../web/render.ts';
import { explanationChanges, FINDINGS_PATH, findingPath, parseExplanation, readExplanations } from './explanations.ts';
import type { FindingSources, Kind } from './finding.ts';
import { findingJson, kindJson } from './finding-json.ts';
import { explainedInWords, kindTable, trendView } from './finding-tables.ts';
import { KINDS } from './kinds/registry.ts';
import { type ExplainedFinding, type FoundOfKind, readFinding, readKind } from './read-findings.ts';

const API_PATH = '/api/findings';

/** What the recorded costs hide: pages, the form that explains a finding, and the JSON of docs/openapi.yaml. */
export function findingPages({ render, ...sources }: FindingSources & { render: Render }): Router {
  const { databases, format } = sources;
  const { backoffice } = databases;
  const changes = explanationChanges(backoffice);
  const router = express.Router();
  const form = express.urlencoded({ extended: false, limit: '20kb' });
  const json = express.json({ limit: '20kb' });

  /** Each kind stands or falls by itself. */
  const readAll = (req: Request): Promise<{ kind: Kind; found: Panel<FoundOfKind> }[]> => {
    const explaining = handled(readExplanations(backoffice));
    return Promise.all(
      KINDS.map(async (kind) => ({
        kind,
        found: await panel(
          explaining.then((explanations) => readKind(sources, kind, explanations)),
          req.log,
        ),
      })),
    );
  };

  type Shown = { open: object | null; explained: object | null; failed: string | null };
  const hasNothingOpen = ({ open, failed }: Shown) => open === null && failed === null;
  const isQuiet = (kind: Shown) => hasNothingOpen(kind) && kind.explained === null;

  const tableOf = (found: FoundOfKind, isExplained: boolean) => {
    const findings = found.findings.filter((finding) => finding.isExplained === isExplained);
    return findings.length === 0
      ? null
      : { count: findings.length, table: kindTable(found, findings, format).page(format) };
  };

  router.get(FINDINGS_PATH, takes([]), async (req, res) => {
    const kinds = await readAll(req);
    const open = kinds.flatMap(({ found }) => (found.ok ? found.value.findings : [])).filter((one) => !one.isExplained);
    const links = EXTENSIONS.filter((extension) => extension !== 'ndjson').map((extension) => ({
      ...{ label: FORMATS[extension].label, href: `${FINDINGS_PATH}.${extension}`, note: '' },
    }));
    const shown = kinds.map(({ kind, found }) => ({
      ...{ name: kind.name, title: kind.title, rule: kind.rule, euros: kind.euros },
      failed: found.ok ? null : found.message,
      notes: found.ok ? found.value.notes : [],
      open: found.ok ? tableOf(found.value, false) : null,
      explained: found.ok ? tableOf(found.value, true) : null,
    }));
    const data = {
      open: open.length,
      // Those that have something to look at come first, else in their order.
      kinds: shown
        .filter((kind) => !isQuiet(kind))
        .sort((a, b) => Number(hasNothingOpen(a)) - Number(hasNothingOpen(b))),
      quiet: shown.filter(isQuiet),
      download: {
        lead: 'Every finding, those that are explained too',
        groups: [{ title: 'Findings', links }],
        link: null,
      },
      retry: FINDINGS_PATH,
    };
    render(req, res, { title: 'Findings', view: 'findings/findings', data });
  });

  const find = async (req: Request): Promise<ExplainedFinding> => {
    const found = await readFinding(sources, String(req.params.id));
    if (found === null) throw new NotFound('There is no such finding now.');
    return found;
  };

  const show = async (
    req: Request,
    res: Response,
    finding: ExplainedFinding,
    { entered, problem }: { entered: string; problem: string | null },
  ) => {
    res.status(problem === null ? 200 : 400);
    const { kind, count, euros, since, explanation, isExplained } = finding;
    const { chart, table } = trendView(finding, format);
    const data = {
      ...{ kind: kind.title, rule: kind.rule, subject: finding.subject, sentence: finding.sentence },
      tiles: [
        {
          label: 'Euros',
          text: euros === null ? 'not known' : format.euros(euros),
          value: euros === null ? undefined : format.exactEuros(euros),
          note: kind.euros,
        },
        { label: kind.counts === 'days' ? 'Days' : 'Requests', text: format.integer(count), note: '' },
        { label: 'Since', text: format.mediumDay(since), note: '' },
      ],
      explanation: explanation && { text: explainedInWords(explanation, format), isExplained },
      ...{ chart, table: table.page(format), records: finding.records, examples: finding.examples },
      form: req.caller?.isAdmin
        ? {
            ...{ explain: `${findingPath(finding.id)}/explain`, takeBack: `${findingPath(finding.id)}/take-back` },
            ...{ entered, problem },
          }
        : null,
    };
    render(req, res, { title: `${finding.subject} · ${kind.title}`, view: 'findings/finding', data });
  };

  router.get(`${FINDINGS_PATH}/:id`, takes([]), async (req, res) => {
    const finding = await find(req);
    await show(req, res, finding, { entered: finding.explanation?.text ?? '', problem: null });
  });
  router.post(`${FINDINGS_PATH}/:id/explain`, form, async (req, res) => {
    const finding = await find(req);
    try {
      await changes.explain(personOf(req), finding.id, finding, parseExplanation(req.body));
      res.redirect(303, findingPath(finding.id));
    } catch (error) {
      if (!(error instanceof BadInput)) throw error;
      const entered = String(req.body?.text ?? '');
      const problem = error.details.map(({ parameter, message }) => `${parameter} ${message}`).join('; ');
      await show(req, res, finding, { entered, problem });
    }
  });
  router.post(`${FINDINGS_PATH}/:id/take-back`, async (req, res) => {
    const finding = await find(req);
    await changes.takeBack(personOf(req), finding.id, finding);
    res.redirect(303, findingPath(finding.id));
  });

  router.get(API_PATH, takesOnly([]), async (req, res) => {
    const kinds = await readAll(req);
    res.json({
      kinds: kinds.map(({ kind, found }) =>
        found.ok ? kindJson(kind, found.value.notes, null) : kindJson(kind, [], found.message),
      ),
      findings: kinds.flatMap(({ found }) => (found.ok ? found.value.findings.map(findingJson) : [])),
    });
  });
  router.get(`${API_PATH}/:id`, takesOnly([]), async (req, res) => {
    res.json(findingJson(await find(req)));
  });
  router.put(`${API_PATH}/:id/explanation`, takesOnly([]), json, async (req, res) => {
    const finding = await find(req);
    await changes.explain(personOf(req), finding.id, finding, parseExplanation(req.body));
    res.json(findingJson(await find(req)));
  });
  router.delete(`${API_PATH}/:id/explanation`, takesOnly([]), async (req, res) => {
    const finding = await find(req);
    if (finding.explanation === null) throw new NotFound('This finding is not explained.');
    await changes.takeBack(personOf(req), finding.id, finding);
    res.status(204).end();
  });

  return router;
}
