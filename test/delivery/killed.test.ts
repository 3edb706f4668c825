import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { makeChannel } from '../../src/delivery/channels.ts';
import { enqueue } from '../../src/delivery/outbox.ts';
import { resetAlerts } from '../support/alerts.ts';
import { commandLine } from '../support/command-line.ts';
import { databases, databaseUrls } from '../support/databases.ts';
import { held } from '../support/held.ts';
import { type Program, startProgram } from '../support/program.ts';
import { type Sink, startSink } from '../support/sink.ts';
import { needsServer } from '../support/skip.ts';

const EVENTS = 40;

describe('programs that deliver', () => {
  let folder: string;
  let sink: Sink;
  const programs: Program[] = [];

  before(async function () {
    needsServer(this);
    // What other files have left to be told would be told to the one that is killed.
    await resetAlerts();
    folder = await mkdtemp(join(tmpdir(), 'mythoria-admin-delivering-'));
    sink = await startSink();
  });
  after(async () => {
    if (!folder) return;
    for (const program of programs) program.signal('SIGKILL');
    await Promise.all(programs.map(({ exitCode }) => exitCode));
    await sink.close();
    await databases().backoffice.raw('TRUNCATE channels CASCADE');
    await rm(folder, { recursive: true });
  });

  async function start(): Promise<Program> {
    const { workflows, backoffice } = databaseUrls();
    const settings = {
      ...{ NODE_ENV: 'test', PORT: '0', WORKFLOWS_DATABASE_URL: workflows, BACKOFFICE_DATABASE_URL: backoffice },
      WEBHOOK_ALLOWED_HOSTS: sink.host,
    };
    const program = startProgram(process.execPath, await commandLine('src/server.ts'), { settings, cwd: folder });
    programs.push(program);
    await program.line(/^Mythoria Admin · AI Usage: /);
    return program;
  }

  it('lose nothing when one is killed in the middle, and send again only under the same key', async function () {
    this.timeout(120_000);
    const { backoffice } = databases();
    const terms = { type: 'webhook', name: 'Sink', url: sink.url, format: 'json' } as const;
    const channel = await backoffice.transaction((transaction) => makeChannel(transaction, terms, 'x'));
    // Answered never: what the one that is killed has sent and not written down.
    sink.answer(() => {});
    const killed = await start();
    for (let i = 0; i < EVENTS; i++) {
      const message = { subject: `${i}`, level: 'warning', facts: [], paragraphs: [], links: [], data: {} } as const;
      const copy = { ...message, facts: [], paragraphs: [], links: [] };
      await enqueue(backoffice, {
        event: randomUUID(),
        thread: randomUUID(),
        channels: [channel ?? ''],
        message: copy,
      });
    }
    while (sink.received.length < 5) await sink.next();
    killed.signal('SIGKILL');
    await killed.exitCode;
    const before = sink.received.length;
    assert.ok(before < EVENTS);

    // Its lease is a minute, which nobody waits for here.
    await backoffice('deliveries').where('attempts', '>', 0).update('due_at', backoffice.fn.now());
    sink.answer((res) => res.end('ok'));
    await Promise.all([start(), start()]);
    const waiting = backoffice('deliveries').where('state', 'waiting').count('* AS count').first();
    while (Number((await waiting.clone())?.count) > 0) await sleep(50);
    const keyOf = ({ headers }: Sink['received'][number]) => headers['idempotency-key'];
    const all: string[] = await backoffice('deliveries').where('state', 'sent').pluck('delivery_id');
    assert.equal(all.length, EVENTS);
    assert.deepEqual(new Set(sink.received.map(keyOf)), new Set(all));
    const taken = sink.received.slice(before).map(keyOf);
    assert.equal(new Set(taken).size, taken.length, 'what was taken was taken once');
    assert.equal(taken.length, EVENTS);
    const fault = 'a process is killed while it sends messages';
    held(import.meta.filename, { fault, requests: EVENTS, errors: before, healedMs: null, losses: 0 });
  });
});
