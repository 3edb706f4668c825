import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { withoutJsExtensions } from './import-paths.ts';

type Outcome = 'copied' | 'skipped' | 'removed';

/** What became of each file of the copy, or would on a dry run. */
export type FileReport = { name: string } & ({ outcome: Outcome } | { outcome: 'failed'; reason: string });

type Job = { source: string; copy: string; dryRun: boolean };

const INDEX = 'index.ts';

/**
 * Makes the copy folder hold the source folder's modules and an index of them, whatever it held before. A file that
 * fails is reported and does not stop the others; its earlier copy stays.
 * @throws when the source folder cannot be listed or holds no module; nothing has been changed then
 */
export async function syncSchema({ source, copy, dryRun }: Job): Promise<FileReport[]> {
  const modules = await modulesIn(source);
  // Without this a wrong folder would remove the whole copy.
  if (modules.length === 0) throw new Error('no .ts file in it');
  if (!dryRun) await mkdir(copy, { recursive: true });
  const earlierCopies = await modulesIn(copy, { mayBeAbsent: true });

  const put = async (name: string, content: string) => {
    const path = join(copy, name);
    // The content decides, not the time: in a fresh clone every copy is as new as the clone, so one that is out of date
    // looks newer than its source, and a fresh checkout of the source looks newer than a copy that is up to date.
    if (content === (await textOf(path))) return 'skipped';
    if (!dryRun) await replaceFile(path, content);
    return 'copied';
  };

  const reports: FileReport[] = [];
  for (const name of modules) {
    reports.push(
      await attempt(name, async () => put(name, withoutJsExtensions(await readFile(join(source, name), 'utf8')))),
    );
  }
  const failed = reports.filter(({ outcome }) => outcome === 'failed').map(({ name }) => name);
  const copies = modules.filter((name) => !failed.includes(name) || earlierCopies.includes(name));
  reports.push(await attempt(INDEX, () => put(INDEX, indexOf(copies))));

  // After the index, which therefore never names a file that is gone.
  for (const name of earlierCopies.filter((copied) => !modules.includes(copied))) {
    reports.push(
      await attempt(name, async () => {
        if (!dryRun) await rm(join(copy, name));
        return 'removed';
      }),
    );
  }
  return reports;
}

async function attempt(name: string, work: () => Promise<Outcome>): Promise<FileReport> {
  try {
    return { name, outcome: await work() };
  } catch (error) {
    return { name, outcome: 'failed', reason: (error as Error).message };
  }
}

async function modulesIn(folder: string, { mayBeAbsent = false } = {}): Promise<string[]> {
  const names = await readdir(folder).catch((error: NodeJS.ErrnoException) => {
    if (mayBeAbsent && error.code === 'ENOENT') return [];
    throw error;
  });
  return names.filter((name) => name.endsWith('.ts') && name !== INDEX).sort();
}

async function textOf(path: string): Promise<string | null> {
  return readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return null;
    throw error;
  });
}

/** The file is the old one or the new one at any moment, a crash included. */
async function replaceFile(path: string, content: string): Promise<void> {
  const unfinished = `${path}.${process.pid}.tmp`;
  try {
    await writeFile(unfinished, content);
    await rename(unfinished, path);
  } catch (error) {
    await rm(unfinished, { force: true });
    throw error;
  }
}

function indexOf(modules: string[]): string {
  const exports = modules.map((name) => `export * from './${name.slice(0, -'.ts'.length)}';\n`);
  return `// Written by \`npm run sync-workflows-schema\`: do not edit.\n${exports.join('')}`;
}
