import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize, relative } from 'node:path';

const files = readdirSync('src', { recursive: true, encoding: 'utf8' })
  .map((path) => path.replaceAll('\\', '/'))
  .filter((path) => path.endsWith('.ts'));

/** A room of the house: a folder of src/, or a file that stands there alone. */
const houseRoom = (path: string) => path.split('/')[0] ?? '';

function importsOf(path: string): string[] {
  const text = readFileSync(join('src', path), 'utf8');
  return [...text.matchAll(/(?:from |import |import\()'(\.[^']+)'/g)].map(([, specifier = '']) =>
    relative('.', normalize(join(dirname(path), specifier))).replaceAll('\\', '/'),
  );
}

/** "room" → the rooms it imports, as docs/architecture.md has it. */
function written(): Map<string, string[]> {
  const rows = readFileSync('docs/architecture.md', 'utf8').matchAll(/^\| `([^`]+)` \| .* \|([^|]*)\|$/gm);
  return new Map(
    [...rows].map(([, room = '', imports = '']) => [
      room,
      [...imports.matchAll(/`([^`]+)`/g)].map(([, name = '']) => name),
    ]),
  );
}

describe('docs/architecture.md', () => {
  it('says of every room what it imports, and nothing else', () => {
    const found = new Map<string, Set<string>>();
    for (const path of files) {
      const room = houseRoom(path);
      const imported = found.get(room) ?? new Set();
      found.set(room, imported);
      for (const target of importsOf(path)) if (houseRoom(target) !== room) imported.add(houseRoom(target));
    }
    const sorted = (rooms: Map<string, Iterable<string>>) =>
      Object.fromEntries([...rooms].map(([room, imports]) => [room, [...imports].sort()] as const).sort());
    assert.deepEqual(sorted(written()), sorted(found));
  });

  it('has files of at most three hundred lines, so that one is read at a sitting', () => {
    const beside = ['scripts', 'test'].flatMap((folder) =>
      readdirSync(folder, { recursive: true, encoding: 'utf8' })
        .filter((path) => path.endsWith('.ts'))
        .map((path) => join(folder, path)),
    );
    const paths = [...files.map((path) => join('src', path)), ...beside];
    const long = paths.filter((path) => readFileSync(path, 'utf8').trimEnd().split('\n').length > 300);
    // A table, which is looked up and not read.
    assert.deepEqual(long, [join('src', 'catalog/model-families.ts')]);
  });

  it('has rooms of at most fifteen files, so that one looks for nothing', () => {
    const counts = new Map<string, number>();
    // But for migrations, which nobody takes away.
    for (const path of files.filter((one) => !one.startsWith('db/migrations/')))
      counts.set(dirname(path), (counts.get(dirname(path)) ?? 0) + 1);
    assert.deepEqual(
      [...counts].filter(([, count]) => count > 15),
      [],
    );
  });

  it('starts without the packages that few processes need', () => {
    const imported = new Set<string>();
    const follow = (path: string) => {
      if (imported.has(path)) return;
      imported.add(path);
      const text = readFileSync(join('src', path), 'utf8');
      // What is imported by name at the head of a file, types left out.
      for (const [, specifier = ''] of text.matchAll(/^(?:import|export) (?!type )[^;]*?from '([^']+)';$/gm)) {
        if (specifier.startsWith('.')) follow(normalize(join(dirname(path), specifier)));
        else imported.add(specifier);
      }
    };
    follow('server.ts');
    assert.ok(imported.has('express') && imported.has('knex'));
    const found = [...imported].filter((one) => /^(?:drizzle-orm|nodemailer|@redis|@electric-sql)/.test(one));
    assert.deepEqual(found, []);
  });
});
