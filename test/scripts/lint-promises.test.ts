import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisesLeftAlone } from '../../scripts/lint-promises/rule.ts';

const AROUND = `
declare function read(name?: unknown): Promise<number>;
declare function readNow(): number;
declare function handled<P>(promise: P): P;
declare function panel(work: Promise<number>, of: number): Promise<number>;
declare function show(work: Promise<number>): void;
declare function on(listener: () => void): void;
declare const kept: Map<string, Promise<number>>;
declare const names: string[];
`;

const REFUSED = [
  'const a = read(); await read(); await a;',
  'await Promise.all([read(), await read()]);',
  'await Promise.all([...names.map(read), [await read()]]);',
  'await Promise.all([read(), read(await read())]);',
  'await Promise.all([read(), read(readNow())]);',
  'await panel(read(), await read());',
  'const all = names.map((name) => read(name)); await Promise.all(all);',
  'const one = { reading: read() }; await one.reading;',
  "kept.set('a', read());",
  'const a = Promise.all([read(), read()]); readNow(); await a;',
  'const after = read().then(readNow); await after;',
  'const last = read().finally(readNow); await last;',
  'const a = new Promise<number>((_, reject) => reject(new Error())); await a;',
  'const a = panel(read(), 1); await read(); await a;',
  'show(names.length > 1 ? read() : read());',
  'read();',
  'void read();',
  'on(async () => { await read(); });',
  'on(() => read());',
];

const TAKEN = [
  'const a = await read(); await read(a);',
  'const a = handled(read()); await read(); await a;',
  'await Promise.all([read(), names.length > 1 ? read() : 0, ...names.map(read)]);',
  'await Promise.all(names.map(async (name) => read(await read(name))));',
  'await Promise.all([panel(read(), 1), panel(read(), 2)]);',
  'const a = handled(Promise.all([read(), read()])); readNow(); await a;',
  "kept.set('a', handled(read())); await kept.get('a');",
  'show(handled(read()));',
  'read().catch(() => {});',
  'read().then(readNow, readNow);',
  'const give = () => read(); await give();',
  'on(() => { read().catch(() => {}); });',
];

describe('a promise', () => {
  it('is awaited, given on or handled, or the linter says where it is not', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'promises-'));
    try {
      const compilerOptions = { target: 'es2023', lib: ['es2023'], module: 'preserve', strict: true, types: [] };
      await writeFile(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions }));
      const samples = [...REFUSED, ...TAKEN];
      for (const [i, sample] of samples.entries()) {
        await writeFile(join(folder, `${i}.ts`), `${AROUND}export async function sample() { ${sample} }\n`);
      }
      const found = new Set(promisesLeftAlone(folder, () => true).map((place) => Number.parseInt(place, 10)));
      assert.deepEqual(
        samples.filter((_, i) => found.has(i)),
        REFUSED,
      );
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});
