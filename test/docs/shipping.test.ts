import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { validate } from 'dockerfile-utils';
import { parse } from 'yaml';
import { startApp } from '../support/app.ts';
import { ANA, signedIn } from '../support/client.ts';
import { startOwnRedis } from '../support/redis.ts';
import { skip } from '../support/skip.ts';

const read = (path: string) => readFileSync(path, 'utf8');

type Locked = { dev?: boolean; devOptional?: boolean; version: string };

describe('what others build and run', () => {
  it('is a Dockerfile that a linter finds nothing in, which does not run as root and copies what there is', () => {
    const dockerfile = read('Dockerfile');
    assert.deepEqual(
      validate(dockerfile).map(({ message, range }) => `${range.start.line + 1}: ${message}`),
      [],
    );
    const [last = ''] = [...dockerfile.matchAll(/^FROM (\S+)/gm)].map(([, image]) => image).reverse();
    assert.ok(last.endsWith(':nonroot') || /^USER (?!root|0)/m.test(dockerfile));
    const copied = [...dockerfile.matchAll(/^COPY (?!--from)(.+) \S+$/gm)].flatMap(([, paths = '']) =>
      paths.split(' '),
    );
    assert.ok(copied.length > 3);
    for (const path of copied) assert.ok(existsSync(path), path);
    const ignored = read('.dockerignore').split('\n');
    for (const path of copied) assert.ok(ignored.includes(`!${path}`), `.dockerignore lets ${path} through`);
  });

  it('starts with the same limits of memory, whoever starts it', () => {
    const limitsOf = (command: string) => command.match(/--max-[a-z-]+=\d+/g) ?? [];
    const wanted = limitsOf(JSON.parse(read('package.json')).scripts.start);
    assert.equal(wanted.length, 2);
    const files = ['README.md', 'Dockerfile', 'docs/operations/README.md', 'docs/operations/mythoria-admin.service'];
    for (const file of files) {
      const commands = read(file)
        .split('\n')
        .filter((line) => /--max-.*src\/server\.ts/.test(line));
      assert.ok(commands.length > 0, file);
      for (const command of commands) assert.deepEqual(limitsOf(command), wanted, `${file}: ${command}`);
    }
  });

  it('is one composition with a database, closed as far as it goes', () => {
    const { services } = parse(read('compose.yaml'));
    assert.equal(services.admin.read_only, true);
    assert.deepEqual(services.admin.cap_drop, ['ALL']);
    assert.ok(services.backoffice.healthcheck);
    const always = Object.keys(services).filter((name) => services[name].profiles === undefined);
    assert.deepEqual(always.sort(), ['admin', 'backoffice'], 'one command without the rest');
    assert.deepEqual(Object.keys(services.admin.depends_on), ['backoffice']);
  });

  it('has a Valkey for who wants one, which counts with the settings that it is given', async function () {
    const { command, profiles } = parse(read('compose.yaml')).services.redis;
    assert.deepEqual([command[0], profiles], ['valkey-server', ['redis']]);
    const own = await startOwnRedis(this, command.slice(1));
    try {
      assert.deepEqual(
        { ...((await own.ask('CONFIG', 'GET', 'maxmemory-policy')) as object) },
        { 'maxmemory-policy': 'volatile-ttl' },
      );
      const app = await startApp({ variables: { REDIS_URL: own.url, API_PER_MINUTE: '1' } });
      const ana = await signedIn(app.origin);
      const asked = [await ana.get('/api/ai-usage/stats'), await ana.get('/api/ai-usage/stats')];
      await app.close();
      assert.deepEqual(
        asked.map(({ status }) => status),
        [200, 429],
      );
      assert.deepEqual(await own.ask('KEYS', '*'), [`mythoria-admin:api:${ANA}`]);
    } finally {
      await own.remove();
    }
  });

  it('is proved in public by the same .ci/run, with the whole history and no more rights than reading', () => {
    const { jobs, permissions } = parse(read('.github/workflows/ci.yml'));
    const { steps, container } = jobs.run;
    const [major] = /\d+/.exec(read('.nvmrc')) ?? [];
    assert.ok(container.startsWith(`node:${major}-`), container);
    assert.ok(steps.some(({ run }: { run?: string }) => run === 'bash .ci/run'));
    assert.equal(steps[0].with['fetch-depth'], 0);
    assert.deepEqual(permissions, { contents: 'read' });
  });

  it('is kept up to date: npm, images and actions, in groups', () => {
    const { updates } = parse(read('.github/dependabot.yml'));
    assert.deepEqual(updates.map((one: { 'package-ecosystem': string }) => one['package-ecosystem']).sort(), [
      'docker',
      'github-actions',
      'npm',
    ]);
    for (const { groups } of updates) assert.equal(Object.keys(groups).length, 1);
  });

  it('says what it is made of: a bill of materials of the packages of the image, and of no other', function () {
    this.timeout(120_000);
    const { status, stdout, stderr } = spawnSync('.ci/sbom', { encoding: 'utf8', maxBuffer: 64_000_000 });
    assert.equal(status, 0, stderr);
    const { bomFormat, components } = JSON.parse(stdout) as { bomFormat: string; components: { purl: string }[] };
    assert.equal(bomFormat, 'CycloneDX');
    const listed = components.map(({ purl }) => purl.replace('%40', '@')).sort();
    const { packages } = JSON.parse(read('package-lock.json')) as { packages: Record<string, Locked> };
    const needed = Object.entries(packages).flatMap(([path, { dev, devOptional, version }]) =>
      path === '' || dev || devOptional ? [] : [`pkg:npm/${path.replace(/^.*node_modules\//, '')}@${version}`],
    );
    assert.deepEqual(listed, [...new Set(needed)].sort());
    assert.ok(read('.github/workflows/ci.yml').includes('.ci/sbom > sbom.cdx.json'));
  });

  it('is TypeScript that Node 24 reads by itself, as the image has it read, also what is imported late', function () {
    if (Number.parseInt(process.versions.node, 10) < 24) skip(this, 'no Node 24');
    const { status, stdout, stderr } = spawnSync(process.execPath, ['scripts/compile.ts'], {
      env: { PATH: process.env.PATH },
      encoding: 'utf8',
    });
    assert.equal(status, 0, stderr);
    assert.ok(Number.parseInt(stdout, 10) > 500, stdout);
  });
});
