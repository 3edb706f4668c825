import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { commandLine } from '../support/command-line.ts';

type Advisories = Record<string, object[]>;

describe('npm run dependencies', () => {
  let folder: string;
  let origin: string;
  let asked: string[];
  /** What the registry knows; null: it takes no such question. */
  let advisories: Advisories | null;
  // What npm asks a registry for an audit: https://docs.npmjs.com/cli/commands/npm-audit
  const registry = createServer((req, res) => {
    asked.push(`${req.method} ${req.url}`);
    req.resume().on('end', () => {
      if (req.url === '/-/npm/v1/security/advisories/bulk' && advisories !== null)
        res.writeHead(200, { 'Content-Type': 'application/json' }).end(JSON.stringify(advisories));
      else if (req.url === '/pg') res.writeHead(200).end(JSON.stringify({ name: 'pg', versions: {} }));
      else res.writeHead(405).end('{}');
    });
  });

  before(async () => {
    registry.listen(0, '127.0.0.1');
    await once(registry, 'listening');
    origin = `http://127.0.0.1:${(registry.address() as AddressInfo).port}/`;
  });
  beforeEach(async () => {
    [asked, advisories] = [[], {}];
    folder = await mkdtemp(join(tmpdir(), 'mythoria-admin-dependencies-'));
    for (const name of ['package.json', 'package-lock.json']) await cp(name, join(folder, name));
  });
  afterEach(() => rm(folder, { recursive: true }));
  after(() => registry.close());

  async function run(): Promise<{ code: number; stdout: string; stderr: string }> {
    const command = await commandLine('scripts/dependencies.ts');
    const env = { PATH: process.env.PATH, HOME: folder, npm_config_registry: origin };
    return new Promise((done) => {
      const child = execFile(process.execPath, command, { cwd: folder, env }, (_error, stdout, stderr) =>
        done({ code: child.exitCode ?? -1, stdout, stderr }),
      );
    });
  }

  it('finds licences, checksums, origins and weaknesses in order', async () => {
    const { code, stdout, stderr } = await run();
    assert.deepEqual([code, stderr], [0, '']);
    assert.match(stdout, /^\d{3,} packages: licences, checksums and origins are in order\nno known weakness/);
    assert.ok(asked.includes('POST /-/npm/v1/security/advisories/bulk'), asked.join());
  });

  it('names a package under another licence, one without a checksum, and one of a private registry', async () => {
    const path = join(folder, 'package-lock.json');
    const lock = JSON.parse(await readFile(path, 'utf8'));
    lock.packages['node_modules/knex'].license = 'AGPL-3.0-only';
    delete lock.packages['node_modules/eta'].license;
    delete lock.packages['node_modules/pino'].integrity;
    lock.packages['node_modules/zod'].resolved = 'https://npm.internal.example/zod/-/zod-4.6.7.tgz';
    await writeFile(path, JSON.stringify(lock));
    const { code, stderr } = await run();
    assert.equal(code, 1);
    const lines = stderr
      .trimEnd()
      .replace(/^dependencies: /, '')
      .split('\n')
      .sort();
    assert.deepEqual(lines, [
      'eta: licence unknown',
      'knex: licence AGPL-3.0-only',
      'pino: no checksum',
      'zod: from another registry',
    ]);
  });

  it('names a weakness that the registry knows of what the server runs', async () => {
    const url = 'https://github.com/advisories/GHSA-xxxx';
    const known = { id: 1, url, title: 'Reads too much', severity: 'high', vulnerable_versions: '>=1', cwe: [] };
    advisories = { pg: [{ ...known, cvss: { score: 8, vectorString: null } }] };
    const { code, stderr } = await run();
    assert.equal(code, 1, stderr);
    assert.match(stderr, /pg .*: high: Reads too much \(https:\/\/github\.com\/advisories\/GHSA-xxxx\)/);
  });

  it('says that it has not asked where the registry takes no such question', async () => {
    advisories = null;
    const { code, stdout, stderr } = await run();
    assert.deepEqual([code, stderr], [0, '']);
    assert.match(stdout, /not checked for known weaknesses, the registry does not answer: 405/);
  });
});
