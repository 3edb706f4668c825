import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
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
});
