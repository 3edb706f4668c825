import { createWriteStream } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import { hostname, userInfo } from 'node:os';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { parseArgs } from 'node:util';
import { SingleBar } from 'cli-progress';
import { type ExportOptions, parseExportOptions } from '../src/ai-usage/export-options.ts';
import { type Asked, EXPORT_PAGES, type ExportPage, type View } from '../src/ai-usage/exports.ts';
import { auditEntryOf, type OpenExport, openPageExport, openRecordExport } from '../src/ai-usage/open-export.ts';
import { OVERVIEW_PATH, RECORDS_PATH } from '../src/ai-usage/paths.ts';
import { parseUsageQuery, usageUrl } from '../src/ai-usage/query.ts';
import { createUsageReader } from '../src/ai-usage/reader.ts';
import { createReuse } from '../src/ai-usage/reuse.ts';
import { writeAuditLog } from '../src/audit/log.ts';
import type { Config } from '../src/config.ts';
import type { Databases } from '../src/db/connect.ts';
import { migrateBackoffice } from '../src/db/migrate.ts';
import { EXTENSIONS, type Extension, FORMATS } from '../src/export/formats.ts';
import type { ExportFile } from '../src/export/table.ts';
import { createFormat } from '../src/units/format.ts';
import { now } from '../src/units/time.ts';
import { timeLeft } from './progress-bar.ts';
import { withDatabases } from './with-databases.ts';

const OF = 'records, overview, statement, models/NAME, actions/NAME, authors/ID or stories/ID';
const USAGE = `npm run export -- --out FILE [--format ${EXTENSIONS.join('|')}] [--of ${OF}]
  and the parameters of the page: --period 30d, --from, --to, --model, --action (repeatable), --author, --story, --search,
  --sortBy, --sortOrder, --asOf, --month, --compare, --by, --breakdown, --rankBy, --rankOrder, --table, --dialect excel-pt,
  --manifest 1, --include prompt`;

const ONE = ['period', 'from', 'to', 'author', 'story', 'search', 'sortBy', 'sortOrder', 'asOf', 'month'];
const OF_VIEWS = ['compare', 'by', 'breakdown', 'rankBy', 'rankOrder'];
const OF_EXPORTS = ['table', 'dialect', 'manifest', 'include'];
const SEVERAL = ['model', 'action'];

/** The page whose tables `--of` means, and what it is of; null for records. */
type Page = { page: ExportPage; name: string } | null;
type Arguments = { out: string; extension: Extension; of: Page; parameters: Record<string, unknown> };

/** @throws Error when there is no such page */
function pageOf(of: string): Page {
  if (of === 'records') return null;
  const [kind, ...name] = of.split('/');
  const path = of === 'overview' ? OVERVIEW_PATH : `${OVERVIEW_PATH}/${kind}${name.length > 0 ? '/:name' : ''}`;
  const page = EXPORT_PAGES.find((one) => one.path === path);
  if (!page) throw new Error(`--of takes ${OF}.\n${USAGE}`);
  return { page, name: name.join('/') };
}

function readArguments(): Arguments {
  const one = Object.fromEntries(
    [...ONE, ...OF_VIEWS, ...OF_EXPORTS].map((name) => [name, { type: 'string' as const }]),
  );
  const several = Object.fromEntries(
    SEVERAL.map((name) => [name, { type: 'string' as const, multiple: true as const }]),
  );
  const own = {
    out: { type: 'string' as const },
    format: { type: 'string' as const },
    of: { type: 'string' as const },
  };
  const { values } = parseArgs({ options: { ...one, ...several, ...own } });
  const { out, format, of = 'records', ...parameters } = values as Record<string, string>;
  if (!out) throw new Error(`--out is missing.\n${USAGE}`);
  const extension = EXTENSIONS.find((one) => one === (format ?? out.split('.').at(-1)));
  if (!extension) throw new Error(`--format takes ${EXTENSIONS.join(', ')}.\n${USAGE}`);
  return { out, extension, of: pageOf(of), parameters };
}

async function open(
  { extension, of, parameters }: Arguments,
  databases: Databases,
  { timeZone, locale }: Config,
): Promise<{ opened: OpenExport; asked: Asked; options: ExportOptions; view: View }> {
  const format = createFormat(locale, timeZone);
  const reader = createUsageReader({ databases, timeZone, reuse: createReuse(0) });
  const limits = { maxPageSize: 1, timeZone };
  if (of !== null) {
    const { page, name } = of;
    const options = parseExportOptions(parameters, extension, Object.keys(page.tables));
    const asked = page.asked(name, parameters, limits, now());
    if (!asked) throw new Error(`--of: there is no page of "${name}".\n${USAGE}`);
    const view = { reader, databases, query: asked.query, format };
    return { opened: await openPageExport(page, asked, view, options), asked, options, view };
  }
  const options = parseExportOptions(parameters, extension, null);
  const parsed = parseUsageQuery(parameters, limits, now());
  const query = { ...parsed, pinned: parsed.asOf };
  const asked = { query, address: usageUrl(RECORDS_PATH, query), title: 'Records' };
  const view = { reader, databases, query, format };
  // Nobody waits for its first byte, and a nightly export should not break off for a record deleted an hour ago.
  const opened = await openRecordExport(asked, view, options, 'row by row', new AbortController().signal);
  return { opened, asked, options, view };
}

/** The file under its own name only when it is whole. */
async function write(file: ExportFile, { out, extension }: Arguments, options: ExportOptions, sent: () => number) {
  // To the terminal only: cron would send each step by mail.
  const bar = process.stderr.isTTY
    ? new SingleBar({
        format: 'Export {bar} {percentage}% · {value} of {total} rows · {eta_formatted} left',
        formatTime: timeLeft,
        stream: process.stderr,
      })
    : null;
  bar?.start(file.manifest.rows, 0);
  const steps = setInterval(() => bar?.update(sent()), 200);
  const part = `${out}.part`;
  // Prompts are for whoever asked for them. A file that is there already would keep its mode, so it goes first.
  const mode = options.withPrompts ? 0o600 : 0o666;
  try {
    await rm(part, { force: true });
    await pipeline(
      Readable.from(FORMATS[extension].write(file, options)),
      createWriteStream(part, { flags: 'wx', mode }),
    );
    await rename(part, out);
    bar?.update(sent());
  } catch (error) {
    await rm(part, { force: true });
    throw error;
  } finally {
    clearInterval(steps);
    bar?.stop();
  }
}

async function exportTo(args: Arguments, databases: Databases, config: Config): Promise<void> {
  await migrateBackoffice(databases.backoffice);
  const { opened, asked, options, view } = await open(args, databases, config);
  const account = `${userInfo().username}@${hostname()}`;
  const actor = { sub: `shell ${account}`, email: account };
  const { manifest } = opened.file;
  const entry = auditEntryOf(asked, args.extension, manifest, view.format);
  try {
    const action = options.withPrompts ? 'export with prompts' : 'export';
    await writeAuditLog(databases.backoffice, actor, { ...entry, action, rows: manifest.rows });
    await write(opened.file, args, options, opened.sent).catch(async (error) => {
      await writeAuditLog(databases.backoffice, actor, { ...entry, action: 'export failed', rows: opened.sent() });
      throw error;
    });
  } finally {
    await opened.close();
  }
  console.log(`${args.out}: ${entry.details}`);
}

try {
  const args = readArguments();
  await withDatabases((databases, config) => exportTo(args, databases, config));
} catch (error) {
  console.error(`export: ${(error as Error).message}`);
  process.exitCode = 1;
}
