import { mkdtempSync, rmSync } from 'node:fs';
import { mkdir, readFile } from 'node:fs/promises';
import { dirname, join, parse, resolve } from 'node:path';
import { build, type Plugin } from 'esbuild';
import { THOROUGH } from './thorough.ts';

// esbuild is the one that tsx compiles with, and comes with it.

/** Below the checkout, whose packages the compiled files import. */
const CACHE = resolve('node_modules/.cache');

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

let folder: string | null = null;
const compiled = new Map<string, Promise<string>>();

async function compile(script: string): Promise<string> {
  await mkdir(CACHE, { recursive: true });
  if (folder === null) {
    const made = mkdtempSync(join(CACHE, 'mythoria-admin-compiled-'));
    process.once('exit', () => rmSync(made, { recursive: true, force: true }));
    folder = made;
  }
  const outfile = join(folder, `${parse(script).name}.mjs`);
  const options = { bundle: true, packages: 'external', platform: 'node', format: 'esm', logLevel: 'error' } as const;
  await build({ ...options, entryPoints: [script], outfile, plugins: [ownPlaces] });
  return outfile;
}

/** Node's arguments for a script as package.json starts it. */
export const asPeopleStartIt = (script: string): string[] => ['--import', import.meta.resolve('tsx'), resolve(script)];

/**
 * Node's arguments for a script such as `src/server.ts`, from any folder. Compiled once a process of tests, for tsx takes a
 * second of the processor for each start; as people start it in the long run (THOROUGH=1), and in the tests of starting.
 */
export async function commandLine(script: string): Promise<string[]> {
  if (THOROUGH) return asPeopleStartIt(script);
  const compiling = compiled.get(script) ?? compile(script);
  compiled.set(script, compiling);
  return [await compiling];
}
