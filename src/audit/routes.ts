import express, { type Router } from 'express';
import type { Knex } from 'knex';
import type { Format } from '../units/format.ts';
import { now } from '../units/time.ts';
import { takes } from '../web/parameters.ts';
import type { Render } from '../web/render.ts';
import { AUDITED, type AuditLine, type AuditQuery, readAuditedPeople, readAuditLog } from './log.ts';
import { type Asked, AUDIT_PARAMETERS, parseAuditQuery } from './query.ts';

const AUDIT_PATH = '/audit';
const A_PAGE = 100;

const isUuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** Where what a line is about can be seen: the record of a prompt, the page of an export at its instant. */
function hrefOf({ subject }: AuditLine): string | null {
  if (isUuid.test(subject)) return `/ai-usage/records/${subject}`;
  return /^\/ai-usage[/.?]/.test(subject) ? subject.replace(/\.\w+(?=\?|$)/, '') : null;
}

function urlOf({ email, action, from, to }: Asked, change: Partial<Pick<AuditQuery, 'before'>> = {}): string {
  const parameters = new URLSearchParams();
  const all = { person: email, kind: action, from, to, before: change.before ?? null };
  for (const [name, value] of Object.entries(all)) if (value) parameters.append(name, value);
  const search = parameters.toString();
  return search ? `${AUDIT_PATH}?${search}` : AUDIT_PATH;
}

/** Who opened which prompt and exported what: everybody who may enter sees it, nobody changes it. */
export function auditPages({
  backoffice,
  render,
  format,
}: {
  backoffice: Knex;
  render: Render;
  format: Format;
}): Router {
  const router = express.Router();

  router.get(AUDIT_PATH, takes(AUDIT_PARAMETERS), async (req, res) => {
    const at = now();
    const asked = parseAuditQuery(req.query, format.timeZone, at);
    const [lines, people] = await Promise.all([
      // One more than shown tells whether older ones follow.
      readAuditLog(backoffice, asked, A_PAGE + 1),
      readAuditedPeople(backoffice),
    ]);
    const shown = lines.slice(0, A_PAGE);
    const data = {
      freshness: { asOf: at, asOfText: format.instant(at), renews: asked.to === '' && asked.before === null },
      path: AUDIT_PATH,
      people: [...new Set([...people, ...(asked.email ? [asked.email] : [])])].map((email) => ({
        value: email,
        selected: email === asked.email,
      })),
      kinds: Object.entries(AUDITED).map(([value, label]) => ({ value, label, selected: value === asked.action })),
      from: asked.from,
      to: asked.to,
      filtered: urlOf(asked) !== AUDIT_PATH,
      lines: shown.map((line) => ({
        ...line,
        label: Object.hasOwn(AUDITED, line.action) ? AUDITED[line.action as keyof typeof AUDITED] : line.action,
        href: hrefOf(line),
      })),
      newest: asked.before === null ? null : urlOf(asked),
      older: lines.length > A_PAGE ? urlOf(asked, { before: shown.at(-1)?.id ?? null }) : null,
    };
    render(req, res, { title: 'Audit log', view: 'audit/log', data });
  });

  return router;
}
