import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, get, type IncomingMessage } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import express from 'express';
import { type Download, goneSignal, sendDownload } from '../../src/web/download.ts';

const PATIENCE_MS = 100;

/** Serves chunks once, at a port; and what the sender makes of it. */
async function listen(chunks: AsyncIterable<string>, patienceMs = PATIENCE_MS) {
  const app = express();
  const sent = new Promise<Download>((resolve) => {
    app.get('/', (_req, res) => {
      resolve(sendDownload(res, chunks, goneSignal(res), patienceMs));
    });
  });
  const server = createServer(app).listen(0, '127.0.0.1');
  await once(server, 'listening');
  close = () => {
    server.closeAllConnections();
    server.close();
  };
  return { port: (server.address() as AddressInfo).port, sent };
}

/** As `listen`, and the answer as a client gets it. */
async function serve(chunks: AsyncIterable<string>, patienceMs = PATIENCE_MS) {
  const { port, sent } = await listen(chunks, patienceMs);
  const request = get(`http://127.0.0.1:${port}/`);
  request.on('error', () => {});
  const [response] = (await once(request, 'response')) as [IncomingMessage];
  response.on('error', () => {});
  return { response, sent };
}

let close = () => {};

describe('a download', () => {
  afterEach(() => close());

  it('goes on where its next part takes longer than a client’s patience', async () => {
    async function* slow() {
      yield 'first';
      await sleep(5 * PATIENCE_MS);
      yield ' second';
    }
    const { response, sent } = await serve(slow());
    let text = '';
    for await (const chunk of response) text += chunk;
    assert.equal(text, 'first second');
    assert.deepEqual(await sent, { outcome: 'complete' });
  });

  it('holds every byte of its parts, whatever their length and characters', async () => {
    const part = (length: number, character: string) => character.repeat(length);
    const lengths = [0, 1, 100, 66_000, 66_667, 70_000, 199_999, 200_000, 200_001, 600_000];
    const parts = ['a', 'ã', '€', '🦊'].flatMap((character) => [
      ...lengths.map((length) => part(length, character)),
      ...Array.from({ length: 20 }, (_, i) => part(1_000 * i, character)),
    ]);
    const { response, sent } = await serve(
      (async function* () {
        for (const one of parts) yield one;
      })(),
    );
    const received: Buffer[] = [];
    for await (const chunk of response) received.push(chunk);
    assert.ok(Buffer.concat(received).equals(Buffer.from(parts.join(''))));
    assert.deepEqual(await sent, { outcome: 'complete' });
  });

  it('ends where its client takes nothing, before half as long again as its patience has passed', async () => {
    // Long enough for a quarter of it to be more than a busy machine is late by.
    const patienceMs = 2_000;
    const late = new AbortController();
    let timer: NodeJS.Timeout | undefined;
    async function* endless() {
      for (;;) {
        clearTimeout(timer);
        timer = setTimeout(() => late.abort(), 1.5 * patienceMs);
        yield 'x'.repeat(1_000_000);
      }
    }
    const { response, sent } = await serve(endless(), patienceMs);
    response.pause();
    assert.deepEqual(await sent, { outcome: 'broken off' });
    clearTimeout(timer);
    assert.equal(late.signal.aborted, false);
  });

  it('goes on where its client reads slowly but steadily, however much the system has taken ahead', async () => {
    // So long that a busy machine reads several times in it.
    const patienceMs = 1_000;
    async function* endless() {
      for (;;) yield 'x'.repeat(1_000_000);
    }
    const { port, sent } = await listen(endless(), patienceMs);
    // A third of what the system takes ahead is some 900 kB: at this pace two patiences and more.
    const socket = connect({
      port,
      host: '127.0.0.1',
      onread: { buffer: Buffer.alloc(16_384), callback: () => false },
    });
    socket.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n');
    const reading = setInterval(() => socket.resume(), 40);
    try {
      const ended = await Promise.race([sent, sleep(5 * patienceMs)]);
      assert.equal(ended, undefined);
      clearInterval(reading);
      assert.deepEqual(await sent, { outcome: 'broken off' });
    } finally {
      clearInterval(reading);
      socket.destroy();
    }
  });

  it('hears that its client is gone where it waits behind another on the connection', async () => {
    const waiting: AbortSignal[] = [];
    const app = express();
    const both = new Promise<void>((resolve) => {
      app.get('/', (_req, res) => {
        if (waiting.push(goneSignal(res)) === 2) resolve();
      });
    });
    const server = createServer(app).listen(0, '127.0.0.1');
    await once(server, 'listening');
    close = () => {
      server.closeAllConnections();
      server.close();
    };
    const socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
    socket.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n'.repeat(2));
    await both;
    socket.destroy();
    const limit = AbortSignal.timeout(5_000);
    while (!waiting.every(({ aborted }) => aborted) && !limit.aborted) await sleep(5);
    assert.deepEqual(
      waiting.map(({ aborted }) => aborted),
      [true, true],
    );
  });
});
