import { constants, createWriteStream } from 'node:fs';
import { access, rename, rm, stat } from 'node:fs/promises';
import { hostname, userInfo } from 'node:os';
import { dirname } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { type Asked, EXPORT_PAGES, type ExportPage, type View } from '../src/ai-usage/exports.ts';
import { auditEntryOf, openPageExport, openRecordExport } from '../src/ai-usage/open-export.ts';
import { OVERVIEW_PATH, RECORDS_PATH } from '../src/ai-usage/paths.ts';
import { NO_RIGHT } from '../src/ai-usage/prompts.ts';
import { parseUsageQuery, usageUrl } from '../src/ai-usage/query.ts';
import { createUsageReader } from '../src/ai-usage/reader.ts';
import { createReuse } from '../src/ai-usage/reuse.ts';
import { type Mend, mendWindows } from '../src/ai-usage/rollups/mend.ts';
import { writeAuditLog } from '../src/audit/log.ts';
import type { Config } from '../src/config.ts';
import type { Databases } from '../src/db/connect.ts';
import { requireMigrated } from '../src/db/migrate.ts';
import { mayReadPrompts } from '../src/db/required-columns.ts';
import { followSourceClock } from '../src/db/source-clock.ts';
import { EXTENSIONS, type Extension, FORMATS } from '../src/export/formats.ts';
import type { OpenExport } from '../src/export/open.ts';
import { type ExportOptions, parseExportOptions } from '../src/export/options.ts';
import type { ExportFile } from '../src/export/table.ts';
import { createFormat } from '../src/units/format.ts';
import { now, type Window } from '../src/units/time.ts';
import { command, UsageError } from './command.ts';
import { withProgressBar } from './progress-bar.ts';
import { withDatabases } from './with-databases.ts';

const OF = 'records, overview, statement, models/NAME, actions/NAME, authors/ID or stories/ID';

const value = (help: string, value: string) => ({ type: 'string', value, help }) as const;

/** Besides its own three, the parameters of the pages, by their names there. */
const EXPORT = {
  name: 'export',
  does: 'Writes what a page shows as a file, and writes down in the audit log that it did.',
  example: '--period 30d --format xlsx --out usage.xlsx',
  options: {
    out: value('the file to write', 'FILE'),
    format: value(`${EXTENSIONS.join(', ')}; without it, what the name of the file ends in`, 'FORMAT'),
    of: value(`${OF}; without it, records`, 'PAGE'),
    period: value('a period that ends now, such as 7d; or --from and --to', 'PERIOD'),
    from: value('a day or an instant, ISO 8601', 'TIME'),
    to: value('a day, which is included, or an instant', 'TIME'),
    month: value('of a statement, such as 2026-10', 'MONTH'),
    model: { ...value('of this model only', 'NAME'), multiple: true },
    action: { ...value('of this action only', 'NAME'), multiple: true },
    author: value('of this author only', 'ID'),
    story: value('of this story only', 'ID'),
    search: value('what the search of the page finds', 'TEXT'),
    without: value('cost: records whose cost is no number', 'WHAT'),
    sortBy: value('what records are sorted by', 'COLUMN'),
    sortOrder: value('asc or desc', 'ORDER'),
    asOf: value('count nothing newer than this instant', 'TIME'),
    compare: value('what the page is compared with', 'WINDOW'),
    by: value('what the bars are made up of', 'PARTS'),
    breakdown: value('a breakdown that the overview opens', 'NAME'),
    rankBy: value('what breakdowns are sorted by', 'COLUMN'),
    rankOrder: value('asc or desc', 'ORDER'),
    table: value('one table of a page that has several', 'NAME'),
    dialect: value('excel-pt: CSV as Excel in Portugal opens it', 'DIALECT'),
    manifest: value('1: a last line in a CSV that says what it is about', '1'),
    include: value('prompt: records with their prompts', 'prompt'),
  },
} as const;

/** The page whose tables `--of` means, and what it is of; null for records. */
type Page = { page: ExportPage; name: string } | null;
type Arguments = { out: string; extension: Extension; of: Page; parameters: Record<string, unknown> };

/** @throws UsageError when there is no such page */
function pageOf(of: string): Page {
  if (of === 'records') return null;
  const [kind, ...name] = of.split('/');
  const path = of === 'overview' ? OVERVIEW_PATH : `${OVERVIEW_PATH}/${kind}${name.length > 0 ? '/:name' : ''}`;
  const page = EXPORT_PAGES.find((one) => one.path === path);
  if (!page) throw new UsageError(`--of takes ${OF}`);
  return { page, name: name.join('/') };
}

type Given = { out?: string; format?: string; of?: string };

/** @throws UsageError naming what is missing, or what an option takes */
async function argumentsOf({ out, format, of = 'records', ...parameters }: Given): Promise<Arguments> {
  if (!out) throw new UsageError('--out is missing');
  const extension = EXTENSIONS.find((one) => one === (format ?? out.split('.').at(-1)));
  if (!extension) throw new UsageError(`--format takes ${EXTENSIONS.join(', ')}`);
  await checkPlace(out);
  return { out, extension, of: pageOf(of), parameters };
}

/** Before anything is read, so that nobody waits for a file that has no place. */
async function checkPlace(out: string): Promise<void> {
  const folder = dirname(out);
  const isFolder = (path: string) =>
    stat(path).then(
      (found) => found.isDirectory(),
      () => false,
    );
  if (!(await isFolder(folder))) throw new UsageError(`--out: there is no folder ${folder}`);
  if (await isFolder(out)) throw new UsageError(`--out takes a file; ${out} is a folder`);
  await access(folder, constants.W_OK).catch(() => {
    throw new UsageError(`--out: the folder ${folder} may not be written to`);
  });
}

async function open(
  { extension, of, parameters }: Arguments,
  databases: Databases,
  { timeZone, locale }: Config,
  mend: Mend,
): Promise<{ opened: OpenExport; asked: Asked; options: ExportOptions; view: View }> {
  const format = createFormat(locale, timeZone);
  // What it meets is mended when the file is written, and not beside it.
  const reader = createUsageReader({ databases, timeZone, reuse: createReuse(0), mend });
  const limits = { maxPageSize: 1, timeZone };
  if (of !== null) {
    const { page, name } = of;
    const options = parseExportOptions(parameters, extension, Object.keys(page.tables));
    const asked = page.asked(name, parameters, limits, now());
    if (!asked) throw new UsageError(`--of: there is no page of "${name}"`);
    const view = { reader, databases, query: asked.query, format };
    return { opened: await openPageExport(page, asked, view, options), asked, options, view };
  }
  const options = parseExportOptions(parameters, extension, null);
  if (options.withPrompts && !(await mayReadPrompts(databases.workflows))) throw new Error(NO_RIGHT);
  const parsed = parseUsageQuery(parameters, limits, now());
  const query = { ...parsed, pinned: parsed.asOf };
  const asked = { query, address: usageUrl(RECORDS_PATH, query), title: 'Records' };
  const view = { reader, databases, query, format };
  const opened = await openRecordExport(asked, view, options, new AbortController().signal);
  return { opened, asked, options, view };
}

/** The file under its own name only when it is whole. */
async function write(file: ExportFile, { out, extension }: Arguments, options: ExportOptions, sent: () => number) {
  const part = `${out}.part`;
  // Prompts are for whoever asked for them. A file that is there already would keep its mode, so it goes first.
  const mode = options.withPrompts ? 0o600 : 0o666;
  await withProgressBar('Export', 'rows', async (onProgress) => {
    const report = () => onProgress({ done: sent(), total: file.manifest.rows });
    const steps = setInterval(report, 200);
    try {
      await rm(part, { force: true });
      await pipeline(
        Readable.from(FORMATS[extension].write(file, options)),
        createWriteStream(part, { flags: 'wx', mode }),
      );
      await rename(part, out);
      report();
    } catch (error) {
      await rm(part, { force: true });
      throw error;
    } finally {
      clearInterval(steps);
    }
  });
}

async function exportTo(args: Arguments, databases: Databases, config: Config): Promise<void> {
  await followSourceClock(databases.workflows, { info: () => {}, warn: (line) => console.error(line) });
  await requireMigrated(databases.backoffice);
  const unknown: Window[] = [];
  const { opened, asked, options, view } = await open(args, databases, config, (windows) => unknown.push(...windows));
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
  // What fails here is left to the audit: the file is whole.
  await mendWindows(databases, config.timeZone, unknown).catch(() => {});
}

await command(EXPORT, async (given) => {
  const args = await argumentsOf(given);
  await withDatabases((databases, config) => exportTo(args, databases, config));
});
