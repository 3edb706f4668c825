import express, { type Router } from 'express';
import type { Knex } from 'knex';
import { AUDITED, type AuditLine, auditedLabel, readAuditedPeople, readAuditLog } from '../db/audit-log.ts';
import { sendExport } from '../downloads/send-export.ts';
import { EXTENSIONS, FORMATS } from '../export/formats.ts';
import { createLimit } from '../export/limit.ts';
import { EXPORT_PARAMETERS, parseExportOptions } from '../export/options.ts';
import type { Manifest } from '../export/table.ts';
import { dateField } from '../units/date-field.ts';
import type { Format } from '../units/format.ts';
import { now } from '../units/time.ts';
import { takes, takesOnly } from '../web/parameters.ts';
import type { Render } from '../web/render.ts';
import { openAuditExport } from './export.ts';
import { type Asked, AUDIT_PARAMETERS, AUDIT_PATH, auditUrl, parseAuditQuery } from './query.ts';

const A_PAGE = 100;
/** Of one person at once. */
const MOST_DOWNLOADS = 2;

const isUuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** Where what a line is about can be seen: the record of a prompt, the page of an export at its instant. */
function hrefOf({ subject }: AuditLine): string | null {
  if (isUuid.test(subject)) return `/ai-usage/records/${subject}`;
  return /^\/(ai-usage[/.?]|audit[.?])/.test(subject) ? subject.replace(/\.\w+(?=\?|$)/, '') : null;
}

function downloadMenu(asked: Asked) {
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

  router.get(
    AUDIT_PATH,
    takes(AUDIT_PARAMETERS, { check: ({ query }) => parseAuditQuery(query, format.timeZone, now()) }),
    async (req, res) => {
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
        from: dateField(asked.from),
        to: dateField(asked.to),
        filtered: auditUrl(asked) !== AUDIT_PATH,
        download: downloadMenu(asked),
        lines: shown.map((line) => ({
          ...line,
          label: auditedLabel(line.action),
          href: hrefOf(line),
        })),
        newest: asked.before === null ? null : auditUrl(asked),
        older: lines.length > A_PAGE ? auditUrl(asked, '', shown.at(-1)?.id) : null,
      };
      render(req, res, { title: 'Audit log', view: 'audit/log', data });
    },
  );

  const atOnce = createLimit({ each: MOST_DOWNLOADS });
  const ofAFile = takesOnly([...AUDIT_PARAMETERS.filter((name) => name !== 'before'), ...EXPORT_PARAMETERS]);
  for (const extension of EXTENSIONS) {
    router.get(`${AUDIT_PATH}.${extension}`, ofAFile, async (req, res) => {
      const at = now();
      const options = parseExportOptions(req.query, extension, ['lines']);
      const asked = parseAuditQuery(req.query, format.timeZone, at);
      const entry = ({ filters, from, to, rows }: Manifest) => ({
        subject: auditUrl(asked, `.${extension}`),
        details: `${filters}; ${from === null ? 'everything until' : `${format.minute(from)} –`} ${format.minute(to)}; ${format.integer(rows)} ${rows === 1 ? 'line' : 'lines'}`,
      });
      const open = () => openAuditExport(backoffice, asked, at, format);
      await sendExport(req, res, { backoffice, atOnce }, { extension, options, address: auditUrl(asked), entry, open });
    });
  }

  return router;
}
