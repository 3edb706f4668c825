import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { parseEnv } from 'node:util';
import { readConfig, SETTING_NAMES } from '../../src/config.ts';

const read = (path: string) => readFileSync(path, 'utf8');
const filesIn = (folder: string, ending: string) =>
  readdirSync(folder, { encoding: 'utf8', recursive: true })
    .filter((path) => path.endsWith(ending))
    .map((path) => join(folder, path));
const readme = read('README.md');
const scripts: Record<string, string> = JSON.parse(read('package.json')).scripts;

/** The text between a heading and the next one of its rank. */
function section(title: string): string {
  const [, rest = assert.fail(`README.md has no section ${title}`)] = readme.split(`\n## ${title}\n`);
  return rest.split('\n## ')[0] ?? '';
}

describe('what is written about settings', () => {
  it('names each one in .env.example, with a value that is right', () => {
    const example = parseEnv(read('.env.example'));
    assert.deepEqual(Object.keys(example).sort(), [...SETTING_NAMES].sort());
    assert.deepEqual(readConfig(example), readConfig({}));
  });

  it('names each one in the README', () => {
    const rows = [...section('Configuration').matchAll(/^\| `(\w+)`/gm)].map(([, name]) => name);
    assert.deepEqual(rows.sort(), [...SETTING_NAMES].sort());
  });

  it('marks in the README what production cannot do without', () => {
    const marked = [...section('Configuration').matchAll(/^\| `(\w+)` \* \|/gm)].map(([, name]) => name);
    assert.throws(
      () => readConfig({ NODE_ENV: 'production' }),
      ({ problems }) => {
        assert.deepEqual(marked.map((name) => `${name} is missing`).sort(), problems.sort());
        return true;
      },
    );
  });
});

describe('what is written about commands and files', () => {
  const documents = ['README.md', 'CHANGELOG.md', ...filesIn('docs', '.md')];

  it('names commands that exist, and every command is in the README', () => {
    const builtIn = ['ci', 'test', 'start'];
    const named = new Set([...readme.matchAll(/npm (?:run )?([a-z][\w:-]*)/g)].map(([, name = '']) => name));
    const unknown = [...named].filter((name) => name !== 'ci' && scripts[name] === undefined);
    assert.deepEqual(unknown, []);
    // Typing and linting by themselves are part of check.
    const unnamed = Object.keys(scripts).filter((name) => !named.has(name) && !builtIn.includes(name));
    assert.deepEqual(unnamed, ['lint']);
  });

  it('leads to files that exist', () => {
    for (const document of documents) {
      for (const [, target = ''] of read(document).matchAll(/\]\((?!https?:)([^)#]+)\)/g))
        assert.ok(existsSync(join(dirname(document), target)), `${document} leads to ${target}`);
    }
    for (const [name, command] of Object.entries(scripts)) {
      for (const [path] of command.matchAll(/\b(?:src|scripts)\/\S+/g)) assert.ok(existsSync(path), `${name}: ${path}`);
    }
  });

  it('names files and folders of the source that exist', () => {
    const named = [...section('How the code is laid out').matchAll(/`((?:src|views|public|test|scripts)\/[^`]*)`/g)];
    assert.ok(named.length > 5);
    for (const [, path = ''] of named) assert.ok(existsSync(path), path);
    const folders = readdirSync('src', { withFileTypes: true }).filter((entry) => entry.isDirectory());
    for (const { name } of folders) assert.ok(readme.includes(`\`src/${name}/\``), `src/${name}/ is not in the README`);
  });
});

describe('views', () => {
  it('are each shown by a page or included by another view', () => {
    const source = filesIn('src', '.ts').map(read).join('\n');
    const views = filesIn('views', '.eta');
    const included = new Set(
      views.flatMap((view) =>
        [...read(view).matchAll(/include\('([^']+)'/g)].map(([, target = '']) => `${join(dirname(view), target)}.eta`),
      ),
    );
    for (const path of views) {
      const name = path.replace(/^views\//, '').replace(/\.eta$/, '');
      const shown = source.includes(`'${name.replace(/_(?=[^/]+$)/, '')}'`);
      assert.ok(included.has(path) || shown, `${path} is never rendered`);
    }
  });
});
