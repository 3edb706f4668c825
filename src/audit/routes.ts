import express, { type Router } from 'express';
import { AUDITED, type AuditLine, auditedLabel, readAuditedPeople, readAuditLog } from '../db/audit-log.ts';
import type { Databases } from '../db/connect.ts';
import { EXTENSIONS, FORMATS } from '../export/formats.ts';
import { printed } from '../tables/cells.ts';
import type { Format } from '../units/format.ts';
import { dateField } from '../units/input/date-field.ts';
import { now } from '../units/time.ts';
import { isUuid } from '../units/uuid.ts';
import { takes } from '../web/parameters.ts';
import type { Render } from '../web/render.ts';
import { type AskedAuditLog, AUDIT_PARAMETERS, AUDIT_PATH, auditUrl, parseAuditQuery } from './query.ts';

const A_PAGE = 100;

/** Where what a line is about can be seen: the record of a prompt, the page of an export at its instant. */
function hrefOf({ subject }: AuditLine): string | null {
  if (isUuid(subject)) return `/ai-usage/records/${subject}`;
  return /^\/(ai-usage[/.?]|audit[.?]|budgets|alerts)/.test(subject) ? subject.replace(/\.\w+(?=\?|$)/, '') : null;
}

function downloadMenu(asked: AskedAuditLog) {
  const links = EXTENSIONS.map((extension) => ({
    label: FORMATS[extension].label,
    href: auditUrl(asked, `.${extension}`),
    note: '',
  }));
  return {
    lead: 'Everything that these filters mean',
    groups: [{ title: 'All lines, newest first', links }],
    link: null,
  };
}

type AuditDependencies = { databases: Pick<Databases, 'backoffice'>; render: Render; format: Format };

/** Who opened which prompt, exported and changed what: everybody who may enter sees it, nobody changes it. */
export function auditPage({ databases, render, format }: AuditDependencies): Router {
  const router = express.Router();
  const { backoffice } = databases;

  router.get(
    AUDIT_PATH,
    takes(AUDIT_PARAMETERS, { check: ({ query }) => parseAuditQuery(query, format.timeZone) }),
    async (req, res) => {
      const at = now();
      const asked = parseAuditQuery(req.query, format.timeZone);
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
        from: dateField(asked.from),
        to: dateField(asked.to),
        filtered: auditUrl(asked) !== AUDIT_PATH,
        download: downloadMenu(asked),
        lines: shown.map((line) => ({
          ...line,
          time: printed('instant', line.at, format),
          label: auditedLabel(line.action),
          href: hrefOf(line),
        })),
        newest: asked.before === null ? null : auditUrl(asked),
        older: lines.length > A_PAGE ? auditUrl(asked, '', shown.at(-1)?.id) : null,
      };
      render(req, res, { title: 'Audit log', view: 'audit/log', data });
    },
  );

  return router;
}
