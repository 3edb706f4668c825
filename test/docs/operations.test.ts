import assert from 'node:assert/strict';
import { execFile, spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parse } from 'yaml';
import { readConfig, SETTING_NAMES } from '../../src/config.ts';
import { watchProcess } from '../../src/measuring/process.ts';
import { watchState } from '../../src/measuring/state.ts';
import { STATE_METRICS } from '../../src/state-metrics.ts';
import { type RunningApp, startApp } from '../support/app.ts';
import { createClient, signIn } from '../support/client.ts';
import { missing } from '../support/skip.ts';

const FOLDER = 'docs/operations';
const read = (name: string) => readFileSync(join(FOLDER, name), 'utf8');

type Ran = { code: number | string | null; output: string };

function promtool(args: string[], input = ''): Promise<Ran> {
  return new Promise((done) => {
    const child = execFile('promtool', args, { cwd: FOLDER }, (error, stdout, stderr) =>
      done({ code: error === null ? 0 : (error.code ?? null), output: stdout + stderr }),
    );
    child.stdin?.on('error', () => {});
    child.stdin?.end(input);
  });
}

/** Metrics that an expression of PromQL names. */
const metricsIn = (text: string) =>
  new Set(
    text.match(
      /\b(?:http|db|rollup|alert|outbox|job|answers|sign_ins|process|nodejs)_[a-z0-9_]+|\balerts\b(?=[)\s{[])/g,
    ),
  );

const WITHOUT_SUFFIX = /_(bucket|count|sum)$/;

describe('what operators are given', () => {
  let app: RunningApp;
  let metrics: string;
  let names: Set<string>;

  before(async () => {
    app = await startApp();
    watchProcess(app.metrics);
    watchState(STATE_METRICS, app.databases, app.metrics);
    await signIn(createClient(app.origin));
    metrics = await app.metrics.registry.metrics();
    names = new Set([...metrics.matchAll(/^# TYPE (\w+) /gm)].map(([, name = '']) => name));
  });
  after(() => app.close());

  it('watches metrics that there are', () => {
    const dashboard = JSON.parse(read('grafana-dashboard.json')) as { panels: { targets: { expr: string }[] }[] };
    const asked = [
      ...metricsIn(dashboard.panels.flatMap(({ targets }) => targets.map(({ expr }) => expr)).join('\n')),
      ...metricsIn(
        [...read('prometheus-rules.yaml').matchAll(/expr: (?:\|\n)?([\s\S]*?)\n\s+(?:for|labels):/g)]
          .map(([, expr]) => expr)
          .join('\n'),
      ),
    ];
    assert.ok(asked.length > 20, String(asked.length));
    assert.deepEqual(
      asked.filter((name) => !names.has(name.replace(WITHOUT_SUFFIX, '')) && !names.has(name)),
      [],
    );
  });

  it('says of each metric of ours what it is', () => {
    const told = read('README.md');
    const ours = [...names].filter((name) => !/^(process|nodejs)_/.test(name));
    assert.deepEqual(
      ours.filter((name) => !told.includes(`\`${name}\``)),
      [],
    );
  });

  it('has metrics and rules that Prometheus takes, and rules that fire when they should', async function () {
    if ((await promtool(['--version'])).code === 'ENOENT') missing(this, 'promtool');
    // Those of the library are named as it pleases.
    const ours = `${metrics
      .split('\n')
      .filter((line) => !/^(# \w+ )?nodejs_/.test(line))
      .join('\n')}\n`;
    for (const [args, input] of [
      [['check', 'metrics'], ours],
      [['check', 'rules', 'prometheus-rules.yaml'], ''],
      [['test', 'rules', 'prometheus-rules.test.yaml'], ''],
    ] as const) {
      const { code, output } = await promtool([...args], input);
      assert.equal(code, 0, `${args.join(' ')}: ${output}`);
    }
  });

  it('has a paragraph of what to do for each alert of the rules, and for no other', () => {
    const alerts = [...read('prometheus-rules.yaml').matchAll(/- alert: (\w+)/g)].map(([, name]) => name);
    const paragraphs = [...read('incidents.md').matchAll(/^## (Mythoria\w+)\n\n\S.{40}/gm)].map(([, name]) => name);
    assert.ok(alerts.length > 5);
    assert.deepEqual(paragraphs, alerts);
  });

  it('has each of its files in the index', () => {
    const index = read('README.md');
    const files = readdirSync(FOLDER).filter((name) => !/^README|\.test\.yaml$/.test(name));
    assert.deepEqual(
      files.filter((name) => !index.includes(`(${name})`)),
      [],
    );
  });

  it('gives Cloud Run settings that production starts with', () => {
    const [, manifest = ''] = /```yaml\n([\s\S]*?)```/.exec(read('cloud-run.md')) ?? [];
    const { spec } = parse(manifest).spec.template;
    const [{ env, ports }] = spec.containers as [
      { env: { name: string; value?: string }[]; ports: { containerPort: number }[] },
    ];
    const ofSecret = (name: string) => (name.endsWith('_URL') ? 'postgres://a:b@/c?host=/cloudsql/d' : 's'.repeat(40));
    const variables = Object.fromEntries(env.map(({ name, value }) => [name, value ?? ofSecret(name)]));
    for (const { name } of env) assert.ok(SETTING_NAMES.includes(name), name);
    // The image says NODE_ENV, and Cloud Run the port.
    const config = readConfig({ ...variables, NODE_ENV: 'production', PORT: String(ports[0]?.containerPort) });
    assert.ok(config.production && config.jobs && config.databaseUrls?.mythoria);
    const secret = env.filter(({ value }) => value === undefined).map(({ name }) => name);
    assert.deepEqual(
      SETTING_NAMES.filter((name) => /SECRET|DATABASE_URL/.test(name) && !secret.includes(name)),
      [],
    );
  });

  it('has a unit that systemd takes, and that is closed to what it does not need', function () {
    const found = spawnSync('systemd-analyze', ['--version']);
    if (found.error) missing(this, 'systemd-analyze');
    const folder = mkdtempSync(join(tmpdir(), 'mythoria-admin-unit-'));
    try {
      const unit = join(folder, 'mythoria-admin.service');
      writeFileSync(unit, read('mythoria-admin.service').replace('/usr/bin/node', process.execPath));
      for (const args of [
        ['verify', unit],
        ['security', '--offline=true', '--threshold=20', unit],
      ]) {
        const { status, stdout, stderr } = spawnSync('systemd-analyze', args, { encoding: 'utf8' });
        assert.deepEqual([status, stderr], [0, ''], stdout.slice(-500));
      }
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it('names each test that writes down how a fault is held, and no other', () => {
    const files = readdirSync('test', { recursive: true, encoding: 'utf8' }).filter((name) =>
      name.endsWith('.test.ts'),
    );
    const writing = files
      .filter((name) => /^ +held\(import\.meta/m.test(readFileSync(join('test', name), 'utf8')))
      .map((name) => join('test', name));
    const named = [...read('holds.md').matchAll(/`(test\/[^`]+)`/g)].map(([, name]) => name);
    assert.deepEqual([...new Set(named)].sort(), writing.sort());
  });
});
