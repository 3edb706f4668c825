import express, { type Router } from 'express';
import { TIE_OUT_PATH } from '../../query/paths.ts';
import { usageUrl } from '../../query/query.ts';
import type { Month } from '../../units/calendar.ts';
import { type Instant, isoFromInstant, now } from '../../units/time.ts';
import { panel } from '../../web/panel.ts';
import { takes } from '../../web/parameters.ts';
import { tablesMenu } from '../frame/download-menu.ts';
import { freshness } from '../frame/freshness.ts';
import { type PageDependencies, unpricedNotes } from '../frame/page-routes.ts';
import { pageLimits } from '../frame/sources.ts';
import { STATEMENT_EXPORT } from './export.ts';
import {
  lastWholeMonth,
  monthSpan,
  neighbours,
  parseStatement,
  readStatement,
  STATEMENT_PARAMETERS,
  STATEMENT_PATH,
  statementOf,
  statementUrl,
} from './statement.ts';

/** A month on paper: the same numbers as everywhere, for whole days of the business time zone. */
export function statementPages({ reader, render, format }: Omit<PageDependencies, 'databases'>): Router {
  const router = express.Router();
  const { timeZone } = format;

  const parse = (parameters: Record<string, unknown>, at: Instant) =>
    parseStatement(parameters, pageLimits(format), at);
  const taken = takes(STATEMENT_PARAMETERS, { check: ({ query }) => parse(query, now()) });

  router.get(STATEMENT_PATH, taken, async (req, res) => {
    const at = now();
    if (req.query.month === undefined || req.query.month === '') {
      const rest = new URL(req.originalUrl, 'http://localhost').searchParams;
      rest.delete('month');
      const others = rest.size === 0 ? '' : `&${rest}`;
      return res.redirect(302, statementUrl(lastWholeMonth(at, timeZone), { cost: 'recorded' }) + others);
    }
    const { month, query } = parse(req.query, at);
    const answer = await panel(readStatement(reader, query), req.log);
    const { previous, next } = neighbours(month, at, timeZone);
    const firstDay = monthSpan(month).from;
    const title = format.longMonth(firstDay);
    const link = (other: Month | null) =>
      other === null ? null : { href: statementUrl(other, query), label: format.longMonth(monthSpan(other).from) };
    const cost = answer.ok ? `: ${format.euros(answer.value.value.total.cost)}` : '';
    const data = {
      viewTitle: `${title}${cost} · Statement`,
      month: title,
      days: `${format.longDay(firstDay)} – ${format.longDay(monthSpan(month).to)}, days of ${timeZone}`,
      previous: link(previous),
      next: link(next),
      statement: answer.ok
        ? { ok: true, value: statementOf(answer.value.value, answer.value.query, month, format) }
        : answer,
      download: answer.ok
        ? tablesMenu(
            STATEMENT_EXPORT,
            (extension) => `${statementUrl(month, query, extension)}&asOf=${isoFromInstant(answer.value.query.asOf)}`,
            answer.value.value.total,
            format,
          )
        : null,
      freshness: answer.ok ? freshness(answer.value, format) : null,
      recompute: usageUrl(TIE_OUT_PATH, query),
      unpriced: answer.ok ? unpricedNotes(answer.value, format) : [],
      costs: query.cost === 'recorded' ? null : { release: statementUrl(month, { cost: 'recorded' }) },
      retry: statementUrl(month, query),
    };
    render(req, res, { title: data.viewTitle, view: 'ai-usage/statement/statement', data });
  });

  return router;
}
