import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { sharedApp } from '../support/app.ts';

/** Sends bytes as they are and returns what comes back until the connection is closed. */
async function sent(origin: string, ...parts: string[]): Promise<string> {
  const socket = connect(Number(new URL(origin).port), '127.0.0.1');
  for (const part of parts) socket.write(part);
  let answer = '';
  for await (const chunk of socket) answer += chunk;
  return answer;
}

describe('what the app never sees', () => {
  const REFUSED: [string, number, string][] = [
    ['nothing that HTTP knows', 400, 'geheim\r\n\r\n'],
    ['an address without a slash', 400, 'GET ?x HTTP/1.1\r\nHost: x\r\n\r\n'],
    ['an address whose host never ends', 400, 'GET http://[::1 HTTP/1.1\r\nHost: x\r\n\r\n'],
    ['a port that is none', 400, 'GET http://x:99999999/geheim HTTP/1.1\r\nHost: x\r\n\r\n'],
    ['two lengths', 400, 'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nx'],
    ['a header with a NUL', 400, 'GET / HTTP/1.1\r\nHost: x\r\nX: a\0b\r\n\r\n'],
    ['no host', 400, 'GET / HTTP/1.1\r\nConnection: close\r\n\r\n'],
    ['headers that are too long', 431, `GET / HTTP/1.1\r\nHost: x\r\nX: ${'x'.repeat(20_000)}\r\n\r\n`],
    ['an address that is too long', 431, `GET /${'x'.repeat(20_000)} HTTP/1.1\r\nHost: x\r\n\r\n`],
    ['an expectation', 417, 'GET / HTTP/1.1\r\nHost: x\r\nExpect: geheim\r\n\r\n'],
  ];
  for (const [what, status, request] of REFUSED) {
    it(`is refused with the headers of every answer: ${what}`, async () => {
      const answer = await sent((await sharedApp()).origin, request);
      const [head = '', body = ''] = answer.split('\r\n\r\n');
      assert.match(head, new RegExp(`^HTTP/1.1 ${status} `));
      for (const header of [
        /\r\nContent-Security-Policy: default-src 'none';.*frame-ancestors 'none'/i,
        /\r\nX-Content-Type-Options: nosniff/i,
        /\r\nReferrer-Policy: same-origin/i,
        /\r\nCache-Control: no-store/i,
        /\r\nConnection: close/i,
      ]) {
        assert.match(head, header);
      }
      assert.match(body, /this request cannot be read/);
      assert.doesNotMatch(answer, /geheim|xxx/);
    });
  }

  it('is given up where its sender is slow: a head within five seconds, all of it within ten', async function () {
    this.timeout(30_000);
    const { origin } = await sharedApp();
    const slow = async (head: string) => {
      const began = performance.now();
      const socket = connect(Number(new URL(origin).port), '127.0.0.1');
      socket.on('error', () => {});
      socket.write(head);
      const more = setInterval(() => socket.write('x'), 500);
      let answer = '';
      try {
        for await (const chunk of socket) answer += chunk;
      } catch {
        // Reset while it was sending.
      }
      clearInterval(more);
      return { answer, seconds: (performance.now() - began) / 1_000 };
    };
    const [ofHead, ofBody] = await Promise.all([
      slow('GET /sign-in HTTP/1.1\r\nHost: x\r\nX-Slow: '),
      slow('POST /sign-out HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n'),
    ]);
    assert.match(ofHead.answer, /^HTTP\/1.1 408 /);
    assert.ok(ofHead.seconds > 4 && ofHead.seconds < 9, `${ofHead.seconds} s`);
    assert.ok(ofBody.seconds < 14, `${ofBody.seconds} s`);
  });

  it('breaks off the answer that is under way on its connection, and puts nothing into it', async () => {
    const answer = await sent((await sharedApp()).origin, 'GET /sign-in HTTP/1.1\r\nHost: x\r\n\r\n', 'geheim\r\n\r\n');
    assert.doesNotMatch(answer, /400 Bad Request[\s\S]*<html|<html[\s\S]*400 Bad Request/);
  });

  it('leaves nothing on a connection that is kept, however many requests come over it', async () => {
    const warnings: string[] = [];
    const warned = ({ message }: Error) => warnings.push(message);
    process.on('warning', warned);
    const request = 'GET /healthz HTTP/1.1\r\nHost: x\r\n';
    const socket = connect(Number(new URL((await sharedApp()).origin).port), '127.0.0.1');
    const answers = socket[Symbol.asyncIterator]();
    for (let i = 0; i < 20; i++) {
      socket.write(`${request}\r\n`);
      assert.match(String((await answers.next()).value), /^HTTP\/1.1 200 /);
    }
    socket.destroy();
    // A warning is told in the next turn.
    await new Promise((resolve) => setImmediate(resolve));
    process.off('warning', warned);
    assert.deepEqual(warnings, []);
  });

  it('is an old client without a host: HTTP 1.0 needs none', async () => {
    assert.match(await sent((await sharedApp()).origin, 'GET /healthz HTTP/1.0\r\n\r\n'), /^HTTP\/1.1 200 /);
  });
});
