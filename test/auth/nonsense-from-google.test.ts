import assert from 'node:assert/strict';
import type { ServerResponse } from 'node:http';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import type { Response } from 'supertest';
import { type RunningApp, startApp } from '../support/app.ts';
import { createClient } from '../support/client.ts';
import {
  ACCESS_TOKEN,
  type FakeGoogle,
  json,
  profileOf,
  signInAtFake,
  silence,
  startFakeGoogle,
} from '../support/fake-google.ts';
import { wordsOf } from '../support/html.ts';
import { memoryLog } from '../support/log.ts';
import { runs } from '../support/thorough.ts';

type Answer = (res: ServerResponse) => void;

const TOKEN = { access_token: ACCESS_TOKEN, token_type: 'Bearer' };
const PERSON = { sub: '901', email: 'ines@mythoria.pt', email_verified: true, hd: 'mythoria.pt', name: 'Inês' };

const text =
  (body: string | Buffer, headers = {}): Answer =>
  (res) =>
    res.writeHead(200, { 'Content-Type': 'application/json', ...headers }).end(body);

/** The first bytes of an answer, and then the connection is gone. */
const cutAt =
  (body: string, length: number): Answer =>
  (res) => {
    res.writeHead(200, { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(body) });
    res.write(body.slice(0, length), () => res.destroy());
    if (length === 0) res.flushHeaders();
  };

const bytes =
  (raw: string): Answer =>
  ({ socket }) =>
    socket?.end(raw);

describe('whatever Google answers', () => {
  const written = memoryLog();
  let google: FakeGoogle;
  let app: RunningApp;
  before(async () => {
    google = await startFakeGoogle();
    app = await startApp({ google: () => google.client, log: written.log });
  });
  after(async () => {
    await app.close();
    await google.close();
  });

  const signInWith = async (answers: Partial<FakeGoogle['answers']>): Promise<Response> => {
    Object.assign(google.answers, { token: json(TOKEN), userinfo: profileOf({}), ...answers });
    return signInAtFake(createClient(app.origin));
  };

  const isNotConfirmed = (answer: Response, what: string) => {
    assert.equal(answer.status, 502, what);
    assert.equal(wordsOf(answer, '[role=alert]'), 'Google did not confirm this sign-in. Please try again.', what);
  };

  const anyJson = fc.oneof(
    fc.constantFrom(null, '', 'x', 0, -0, 1e308, true, false, [], {}, [null], 'null', '{}'),
    fc.jsonValue({ maxDepth: 3, stringUnit: 'binary' }),
  );
  const badToken = fc.oneof(
    anyJson,
    fc.constantFrom('a\r\nX-Injected: 1', 'a\0b', '€', 'a b', '\ud800', '', 'x'.repeat(100_000)),
  );

  it('is logged with what to check where it is the configuration, and without its own words', async () => {
    const CHECKS = {
      invalid_client: /check GOOGLE_CLIENT_ID and GOOGLE_CLIENT_SECRET/,
      unauthorized_client: /Web application/,
      redirect_uri_mismatch: /check APP_URL/,
      'invalid_grant\nX: y': /answered 401$/,
    };
    for (const [error, check] of Object.entries(CHECKS)) {
      written.lines.length = 0;
      const answer = { error, error_description: 'words of somebody' };
      isNotConfirmed(await signInWith({ token: json(answer, 401) }), error);
      const line = written.entries().find(({ message }) => message === 'sign-in failed at Google');
      assert.match((line?.error as { message: string } | undefined)?.message ?? '', check, error);
      assert.ok(!written.lines.join().includes('words of somebody'));
    }
  });

  it('is words and a 502 in place of a token', async () => {
    await fc.assert(
      fc.asyncProperty(anyJson, badToken, fc.boolean(), async (answer, token, inside) => {
        const value = inside ? { ...TOKEN, access_token: token } : answer;
        // What reads as a token is one: Google refuses it, and this one here does not.
        fc.pre(!(inside && typeof token === 'string' && /^[\x21-\x7e]{1,8000}$/.test(token)));
        isNotConfirmed(await signInWith({ token: json(value) }), JSON.stringify(value));
      }),
      { numRuns: runs(30) },
    );
  });

  it('is words in place of a person: a 502 for what is none, a 403 for one of whom it says too little', async () => {
    await fc.assert(
      fc.asyncProperty(anyJson, async (answer) => {
        const isObject = typeof answer === 'object' && answer !== null && !Array.isArray(answer);
        const response = await signInWith({ userinfo: json(answer) });
        if (!isObject) return isNotConfirmed(response, JSON.stringify(answer));
        assert.equal(response.status, 403);
        assert.equal(wordsOf(response, '[role=alert]'), 'Google did not say who you are.');
      }),
      { numRuns: runs(30) },
    );
  });

  it('is words where a claim is of any other type, or a name or address of any letters', async () => {
    const claim = fc.constantFrom('sub', 'email', 'email_verified', 'hd', 'name');
    const letters = fc.string({ unit: fc.constantFrom('a', '\0', '\u202e', '\u2066', '\ud800', '\n', '@', '€', 'K') });
    await fc.assert(
      fc.asyncProperty(claim, fc.oneof(anyJson, letters), async (name, value) => {
        const { status } = await signInWith({ userinfo: profileOf({ [name]: value }) });
        assert.ok(status === 302 || status === 403, `${status} for ${name} ${JSON.stringify(value)}`);
      }),
      { numRuns: runs(30) },
    );
  });

  it('is a name that can be kept and read, however long or odd it is', async () => {
    for (const [name, shown] of [
      ['x'.repeat(100_000), `${'x'.repeat(200)}…`],
      ['I\0nês\u202e Al\u2066ves\ud800', 'I nês Al ves'],
      ['\0\u202e', 'ines@mythoria.pt'],
      ['مريم', 'مريم'],
      ...['\u200b\u200c', '\u00ad', '\u3164', '\u{e0041}', '\ufff9'].map(
        (unseen) => [unseen, 'ines@mythoria.pt'] as const,
      ),
      ['👩‍🚀 Inês', '👩‍🚀 Inês'],
    ] as const) {
      Object.assign(google.answers, { token: json(TOKEN), userinfo: profileOf({ name }) });
      const client = createClient(app.origin);
      assert.equal((await signInAtFake(client)).status, 302);
      assert.equal(wordsOf(await client.get('/account/sessions'), '.account summary'), shown);
    }
  });

  it('is a 502 wherever an answer is cut, by its end or by the end of its connection', async () => {
    for (const [endpoint, whole] of [
      ['token', JSON.stringify(TOKEN)],
      ['userinfo', JSON.stringify(PERSON)],
    ] as const) {
      for (let length = 0; length < whole.length; length += 9) {
        isNotConfirmed(await signInWith({ [endpoint]: cutAt(whole, length) }), `${endpoint} breaks at ${length}`);
        isNotConfirmed(await signInWith({ [endpoint]: text(whole.slice(0, length)) }), `${endpoint} ends at ${length}`);
      }
      assert.equal((await signInWith({ [endpoint]: text(whole) })).status, 302);
    }
  });

  it('is a 502 for every status that is not one of success', async () => {
    for (let status = 300; status < 600; status += status % 100 < 10 ? 1 : 13) {
      const answer: Answer = (res) => {
        res.writeHead(status, { Location: `${google.client.userinfoUrl}?elsewhere` }).end(JSON.stringify(TOKEN));
      };
      const endpoint = status % 2 ? 'token' : 'userinfo';
      isNotConfirmed(await signInWith({ [endpoint]: answer }), `${endpoint} ${status}`);
    }
    assert.ok(!google.requests.some(({ url }) => url.includes('elsewhere')), 'a token goes nowhere else');
  });

  it('is a 502 where it is far too much, or nothing that HTTP knows', async () => {
    const tenMegabytes = JSON.stringify({ ...TOKEN, ...PERSON, padding: 'x'.repeat(10_000_000) });
    const odd: Answer[] = [
      text(tenMegabytes),
      text(gzipSync(tenMegabytes), { 'Content-Encoding': 'gzip' }),
      text('not gzip', { 'Content-Encoding': 'gzip' }),
      text('['.repeat(100_000)),
      text(Buffer.from([0xff, 0xfe, 0, 0x7b])),
      bytes(''),
      bytes('geheim\r\n\r\n'),
      bytes('HTTP/1.1 999 \r\n\r\n{}'),
      bytes('HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n{}'),
      bytes(`HTTP/1.1 200 OK\r\nX: ${'x'.repeat(100_000)}\r\n\r\n{}`),
      bytes('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n{}'),
      bytes('HTTP/1.1 204 No Content\r\n\r\n'),
      bytes('HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n'),
    ];
    for (const [i, answer] of odd.entries()) {
      for (const endpoint of ['token', 'userinfo'] as const) {
        isNotConfirmed(await signInWith({ [endpoint]: answer }), `${endpoint} ${i}`);
      }
    }
  });

  it('is a 502 within five seconds where it comes too slowly, the two answers together', async () => {
    const delayed = (ms: number, answer: Answer): Answer => {
      return (res) => {
        const timer = setTimeout(() => answer(res), ms);
        res.on('close', () => clearTimeout(timer));
      };
    };
    const trickle: Answer = (res) => {
      res.writeHead(200, { 'Content-Type': 'application/json' });
      const timer = setInterval(() => res.write(' '), 100);
      res.on('close', () => clearInterval(timer));
    };
    const goesOn: Answer = (res) => {
      res.socket?.write('HTTP/1.1 100 Continue\r\n\r\n');
    };
    const slow = async (answers: Partial<FakeGoogle['answers']>) => {
      const other = await startFakeGoogle();
      const itsApp = await startApp({ google: () => other.client });
      try {
        Object.assign(other.answers, answers);
        isNotConfirmed(await signInAtFake(createClient(itsApp.origin)), 'slow');
      } finally {
        await itsApp.close();
        await other.close();
      }
    };
    await Promise.all([
      slow({ token: delayed(2_500, json(TOKEN)), userinfo: delayed(2_500, profileOf({})) }),
      slow({ token: trickle }),
      slow({ userinfo: trickle }),
      slow({ token: goesOn }),
      slow({ token: json(TOKEN), userinfo: silence }),
    ]);
  });
});
