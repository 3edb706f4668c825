import { mkdtempSync, rmSync } from 'node:fs';
import { mkdir, readFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { build, type Plugin } from 'esbuild';
import { THOROUGH } from './thorough.ts';

// esbuild is the one that tsx compiles with, and comes with it.

/** Below the checkout, where the compiled files find the packages that are no part of them. */
const CACHE = resolve('node_modules/.cache');

/** Of files of their own beside their code, and knex's drivers of other databases, which are not installed. */
const NO_PART = [
  ...['@electric-sql/*', 'htmx.org', 'pino', 'tsx', 'esbuild'],
  ...['better-sqlite3', 'mariadb', 'mysql', 'mysql2', 'oracledb', 'pg-native', 'pg-query-stream', 'sqlite3', 'tedious'],
];

/** What a file says of its own place stays true in the one file that it becomes a part of. */
const ownPlaces: Plugin = {
  name: 'own places',
  setup({ onLoad }) {
    onLoad({ filter: /\.ts$/ }, async ({ path }) => {
      const text = await readFile(path, 'utf8');
      return { loader: 'ts', contents: text.replaceAll('import.meta.dirname', JSON.stringify(dirname(path))) };
    });
  },
};

/** What package.json starts, and what tests start otherwise: compiled at once, for what they share takes longest. */
async function everyScript(): Promise<string[]> {
  const { scripts } = JSON.parse(await readFile('package.json', 'utf8')) as { scripts: Record<string, string> };
  const started = Object.values(scripts).flatMap(
    (line) => /^exec node (?:--\S+ )*--import tsx (\S+\.ts)$/.exec(line)?.[1] ?? [],
  );
  return [...started, 'test/stats/rollups/refreshing-process.ts'];
}

let compiled: Promise<string> | null = null;

/** The folder of the compiled scripts, under the names that they have here. */
async function compile(): Promise<string> {
  await mkdir(CACHE, { recursive: true });
  const outdir = mkdtempSync(join(CACHE, 'mythoria-admin-compiled-'));
  process.once('exit', () => rmSync(outdir, { recursive: true, force: true }));
  await build({
    ...{ bundle: true, splitting: true, platform: 'node', format: 'esm', logLevel: 'error' },
    ...{ external: NO_PART, plugins: [ownPlaces] },
    // Packages that are no modules ask for those of node by name.
    banner: { js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);" },
    ...{ entryPoints: await everyScript(), outbase: '.', outdir, outExtension: { '.js': '.mjs' } },
  });
  return outdir;
}

/** Node's arguments for a script as package.json starts it. */
export const asPeopleStartIt = (script: string): string[] => ['--import', import.meta.resolve('tsx'), resolve(script)];

/**
 * Node's arguments for a script such as `src/server.ts`, from any folder. Compiled with their packages once a process of tests,
 * which starts in a third of the time that tsx takes; as people start it in the long run (THOROUGH=1), and in the tests of starting.
 */
export async function commandLine(script: string): Promise<string[]> {
  if (THOROUGH) return asPeopleStartIt(script);
  compiled ??= compile();
  return [join(await compiled, script.replace(/\.ts$/, '.mjs'))];
}
