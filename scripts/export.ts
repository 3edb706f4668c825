import { randomBytes } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Config } from '../src/config.ts';
import { writeAuditLog } from '../src/db/audit-log.ts';
import type { Databases } from '../src/db/connect.ts';
import { requireMigrated } from '../src/db/migrate.ts';
import { mayReadPrompts, NO_RIGHT } from '../src/db/required-columns.ts';
import { requireSource } from '../src/db/source-check.ts';
import { followSourceClock } from '../src/db/source-clock.ts';
import { type AskedExport, fileAddress } from '../src/downloads/export-page.ts';
import { FORMATS } from '../src/export/formats.ts';
import type { OpenExport } from '../src/export/open.ts';
import { type ExportOptions, parseExportOptions } from '../src/export/options.ts';
import type { ExportFile } from '../src/export/table.ts';
import { createUsageReader } from '../src/stats/reader.ts';
import { createReuse } from '../src/stats/reuse.ts';
import { type Mend, mendWindows } from '../src/stats/rollups/keep/mend.ts';
import { createOrigin, type Origin } from '../src/stats/rollups/keep/origin.ts';
import { reasonOf } from '../src/units/failures/reason.ts';
import { createFormat } from '../src/units/format.ts';
import { now, type Window } from '../src/units/time.ts';
import { account } from './account.ts';
import { command, interruptible, UsageError } from './command.ts';
import { type Arguments, argumentsOf, EXPORT } from './export-arguments.ts';
import { withProgressBar } from './progress-bar.ts';
import { withDatabases } from './with-databases.ts';

const LOG = { info: () => {}, warn: (line: string) => console.error(line) };

async function open(
  { extension, of, parameters }: Arguments,
  databases: Databases,
  { timeZone, memoryBytes, locale }: Config,
  mend: Mend,
  origin: Origin,
  gone: AbortSignal,
): Promise<{ opened: OpenExport; asked: AskedExport; options: ExportOptions }> {
  const format = createFormat(locale, timeZone);
  // What it meets is mended when the file is written, and not beside it.
  const reader = createUsageReader({
    databases,
    timeZone,
    memoryBytes,
    reuse: createReuse(0, () => {}),
    mend,
    origin,
    log: LOG,
  });
  const options = parseExportOptions(parameters, extension, of.page.tables);
  if (options.withPrompts && !(await mayReadPrompts(databases.workflows))) throw new Error(NO_RIGHT);
  const asked = of.page.asked(of.name, parameters, { reader, databases, format }, now());
  if (!asked) throw new UsageError(`--of: there is no page of "${of.name}"`);
  return { opened: await asked.open(options, gone), asked, options };
}

type Writing = Pick<Arguments, 'out' | 'extension'> & {
  options: ExportOptions;
  sent: () => number;
  interrupted: AbortSignal;
};

/**
 * The file under its own name only when it is whole, by way of one that nobody else writes: of several exports at a time
 * to one name the last that is whole has it.
 */
async function write(file: ExportFile, { out, extension, options, sent, interrupted }: Writing) {
  const part = `${out}.${process.pid}-${randomBytes(4).toString('hex')}.part`;
  // Prompts are for whoever asked for them.
  const mode = options.withPrompts ? 0o600 : 0o666;
  await withProgressBar('Export', 'rows', async (onProgress) => {
    const report = () => onProgress({ done: sent(), total: file.manifest.rows });
    const steps = setInterval(report, 200);
    try {
      await pipeline(
        Readable.from(FORMATS[extension].write(file, options)),
        createWriteStream(part, { flags: 'wx', mode }),
        { signal: interrupted },
      );
      await rename(part, out);
      report();
    } catch (error) {
      await rm(part, { force: true }).catch(() => {});
      // Nobody asked for a file of that name.
      if (error instanceof Error) error.message = error.message.replaceAll(part, out);
      throw error;
    } finally {
      clearInterval(steps);
    }
  });
}

async function exportTo(
  args: Arguments,
  databases: Databases,
  config: Config,
  interrupted: AbortSignal,
): Promise<void> {
  await followSourceClock(databases.workflows, LOG);
  await requireMigrated(databases.backoffice);
  await requireSource(databases.workflows);
  const unknown: Window[] = [];
  const origin = createOrigin(databases, LOG);
  const mend: Mend = (windows) => unknown.push(...windows);
  const { opened, asked, options } = await open(args, databases, config, mend, origin, interrupted);
  // Whatever fails from here on, the snapshot is closed: a connection that stays open would keep the process.
  try {
    interrupted.throwIfAborted();
    const actor = { sub: `shell ${account()}`, email: account() };
    const { manifest } = opened.file;
    const entry = { subject: fileAddress(asked.address, args.extension), details: asked.details(manifest) };
    const action = options.withPrompts ? 'export with prompts' : 'export';
    await writeAuditLog(databases.backoffice, actor, { ...entry, action, rows: manifest.rows });
    await write(opened.file, { ...args, options, sent: opened.sent, interrupted }).catch(async (error) => {
      const broken = interrupted.aborted ? 'export broken off' : 'export failed';
      await writeAuditLog(databases.backoffice, actor, { ...entry, action: broken, rows: opened.sent() }).catch(
        (unsaid) => console.error(`export: the audit log does not say "${broken}": ${reasonOf(unsaid)}`),
      );
      throw error;
    });
    console.log(`${args.out}: ${entry.details}`);
  } finally {
    await opened.close();
  }
  // What fails here is left to the audit: the file is whole.
  await mendWindows(databases, origin, unknown).catch(() => {});
}

await command(EXPORT, async (given) => {
  const args = await argumentsOf(given);
  await interruptible((interrupted) =>
    withDatabases((databases, config) => exportTo(args, databases, config, interrupted)),
  );
});
