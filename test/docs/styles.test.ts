import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const filesIn = (folder: string, ending: RegExp) =>
  readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((path) => ending.test(path))
    .map((path) => join(folder, path));

describe('the stylesheet', () => {
  it('has rules for what views and scripts use, and for nothing else', () => {
    const users = [...filesIn('views', /\.eta$/), ...filesIn('src', /\.ts$/), ...filesIn('public', /\.js$/)];
    const used = new Set(users.flatMap((path) => readFileSync(path, 'utf8').match(/[\w-]+/g) ?? []));
    // Swatches of series and steps of the heat map, numbered where they are made.
    const numbered = /^[sth]\d$/;
    const idle = filesIn('public/css', /\.css$/).flatMap((path) => {
      const rules = readFileSync(path, 'utf8')
        .replaceAll(/\/\*.*?\*\//gs, '')
        .replaceAll(/\{[^{}]*\}/g, (body) => body.replaceAll(/:[^;{}]*;/g, ';'));
      const names = [...rules.matchAll(/\.([a-zA-Z][\w-]*)/g)].map(([, name = '']) => name);
      return [...new Set(names)]
        .filter((name) => !used.has(name) && !numbered.test(name))
        .map((name) => `${path} .${name}`);
    });
    assert.deepEqual(idle, []);
  });
});
