import assert from 'node:assert/strict';
import { readConfig } from '../src/config.ts';
import { PRODUCTION, problemsOf } from './support/settings.ts';

describe('configuration with real databases and no Google client', () => {
  const { WORKFLOWS_DATABASE_URL, BACKOFFICE_DATABASE_URL } = PRODUCTION;
  const databases = { WORKFLOWS_DATABASE_URL, BACKOFFICE_DATABASE_URL };

  it('is for this machine only: anybody who reaches it is whoever they like', () => {
    for (const HOST of [
      '0.0.0.0',
      '::',
      '10.0.0.7',
      '192.168.1.2',
      'admin.internal',
      '127.0.0.1.nip.io',
      'localhost.evil',
    ]) {
      assert.match(
        problemsOf({ ...databases, HOST })[0] ?? '',
        /^GOOGLE_CLIENT_ID is missing: .*HOST and APP_URL/,
        HOST,
      );
      assert.deepEqual(problemsOf({ ...databases, HOST, GOOGLE_CLIENT_ID: 'x', GOOGLE_CLIENT_SECRET: 'x' }), []);
      assert.deepEqual(problemsOf({ HOST }), [], 'the embedded databases hold nothing real');
    }
    for (const APP_URL of ['https://admin.mythoria.pt', 'http://10.0.0.7:3000', 'http://localhost.evil.example']) {
      assert.match(problemsOf({ ...databases, APP_URL })[0] ?? '', /^GOOGLE_CLIENT_ID is missing/, APP_URL);
    }
    assert.deepEqual(problemsOf(databases), []);
    for (const HOST of ['localhost', '127.0.0.1', '127.0.0.53', '::1', 'LOCALHOST']) {
      assert.deepEqual(problemsOf({ ...databases, HOST }), [], HOST);
    }
    for (const APP_URL of ['http://localhost:8080', 'http://127.0.0.1', 'http://[::1]:3000']) {
      assert.deepEqual(problemsOf({ ...databases, APP_URL }), [], APP_URL);
    }
  });
});

describe('configuration in production', () => {
  const needed = Object.keys(PRODUCTION).filter((name) => name !== 'NODE_ENV');

  it('is refused with the complete list of what is missing: no demo data, no stand-in, no made-up secret', () => {
    assert.deepEqual(problemsOf(PRODUCTION), []);
    assert.deepEqual(
      problemsOf({ NODE_ENV: 'production' }),
      needed.map((name) => `${name} is missing`),
    );
    for (const name of needed) assert.deepEqual(problemsOf({ ...PRODUCTION, [name]: ' ' }), [`${name} is missing`]);
  });

  it('takes everything for five seconds after SIGTERM, or as long as it is told', () => {
    assert.equal(readConfig(PRODUCTION).drainSeconds, 5);
    assert.equal(readConfig({ ...PRODUCTION, DRAIN_SECONDS: '0' }).drainSeconds, 0);
  });

  it('lists what is wrong beside what is missing', () => {
    assert.deepEqual(
      problemsOf({ ...PRODUCTION, PORT: 'x', SESSION_SECRET: 'short', GOOGLE_CLIENT_ID: '', APP_URL: 'http://x' }).map(
        (problem) => problem.split(' ').slice(0, 2).join(' '),
      ),
      ['PORT takes', 'SESSION_SECRET takes', 'GOOGLE_CLIENT_ID is', 'APP_URL must'],
    );
  });

  it('has https everywhere', () => {
    const plain = {
      APP_URL: 'http://admin.mythoria.pt',
      GOOGLE_AUTHORIZATION_URL: 'http://x/auth',
      GOOGLE_TOKEN_URL: 'http://x/token',
      GOOGLE_USERINFO_URL: 'http://x/userinfo',
    };
    assert.deepEqual(
      problemsOf({ ...PRODUCTION, ...plain }),
      Object.keys(plain).map((name) => `${name} must be https in production`),
    );
    const here = { ...plain, APP_URL: 'http://localhost:3000' };
    assert.deepEqual(problemsOf(here), [], 'elsewhere a local stand-in will do');
  });

  it('has https wherever people come from other machines, in production or not', () => {
    const there = [
      'http://admin.mythoria.pt',
      'http://10.0.0.7:3000',
      'http://localhost.evil.example',
      'http://0.0.0.0',
    ];
    for (const APP_URL of there) {
      const problems = problemsOf({ APP_URL });
      assert.equal(problems.length, 1, APP_URL);
      assert.match(problems[0] ?? '', /^APP_URL must be https unless its host is this machine, such as localhost: /);
    }
    const here = ['http://localhost', 'http://127.0.0.1:3000', 'http://[::1]:3000', 'http://usage.localhost:3000'];
    for (const APP_URL of [...here, 'https://10.0.0.7']) assert.deepEqual(problemsOf({ APP_URL }), [], APP_URL);
  });

  it('never shows a value: secrets stand next to mistakes', () => {
    const secret = 'hunter2-hunter2';
    const problems = problemsOf({
      ...PRODUCTION,
      SESSION_SECRET: secret,
      WORKFLOWS_DATABASE_URL: `mysql://u:${secret}@x`,
      GOOGLE_TOKEN_URL: `http://${secret}`,
    });
    assert.equal(problems.length, 3);
    assert.ok(!problems.join().includes(secret));
  });
});
