import assert from 'node:assert/strict';
import { execFile, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SETTING_NAMES } from '../../src/config.ts';
import type { Finding } from '../../src/system/checks.ts';
import { commandLine } from '../support/command-line.ts';
import { databaseUrls } from '../support/databases.ts';
import { type FakeGoogle, json, silence, startFakeGoogle } from '../support/fake-google.ts';
import { startOwnPostgres } from '../support/own-postgres.ts';
import { freePort } from '../support/ports.ts';
import { startOwnRedis } from '../support/redis.ts';
import { needsServer, skip } from '../support/skip.ts';
import { startMailServer } from '../support/smtp.ts';

type Ran = { code: number; wrong: string[]; checks: Finding[]; stderr: string };

const FROM = { MAIL_FROM: 'Mythoria <ai-usage@mythoria.pt>' };

describe('npm run doctor, of what is around the databases', () => {
  let folder: string;
  let google: FakeGoogle;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'mythoria-admin-doctor-'));
    google = await startFakeGoogle();
  });
  beforeEach(() => {
    google.answers.token = json({ error: 'invalid_grant' }, 400);
    google.answers.userinfo = (res) => res.writeHead(302, { Location: '/signin' }).end();
  });
  after(async () => {
    await google.close();
    await rm(folder, { recursive: true });
  });

  async function run(settings: Record<string, string>): Promise<Ran> {
    const unset = Object.fromEntries(SETTING_NAMES.map((setting) => [setting, '']));
    const env = { PATH: process.env.PATH, HOME: process.env.HOME, ...unset, ...settings };
    const command = [...(await commandLine('scripts/doctor.ts')), '--json'];
    return new Promise((done) => {
      const child = execFile(process.execPath, command, { cwd: folder, env }, (_error, stdout, stderr) => {
        assert.doesNotMatch(stdout + stderr, /secret-of-the-fake|never-to-be-seen/, 'no secret');
        const { wrong, checks }: { wrong: number; checks: Finding[] } = JSON.parse(stdout);
        const texts = checks.filter(({ level }) => level === 'wrong').map(({ text }) => text);
        assert.equal(wrong, texts.length);
        done({ code: child.exitCode ?? -1, wrong: texts, checks, stderr });
      });
    });
  }
  const clientOf = () => ({
    GOOGLE_CLIENT_ID: google.client.clientId,
    GOOGLE_CLIENT_SECRET: google.client.clientSecret,
    GOOGLE_AUTHORIZATION_URL: google.client.authorizationUrl,
    GOOGLE_TOKEN_URL: google.client.tokenUrl,
    GOOGLE_USERINFO_URL: google.client.userinfoUrl,
  });
  const saysOk = ({ checks }: Ran, pattern: RegExp) =>
    assert.ok(
      checks.some(({ level, text }) => level === 'ok' && pattern.test(text)),
      JSON.stringify(checks),
    );

  it('says each setting that is wrong, and nothing else', async () => {
    const ran = await run({ PORT: 'x', TIME_ZONE: 'ACT' });
    assert.deepEqual([ran.code, ran.checks.length, ran.stderr], [1, 2, 'doctor: 2 to be done\n']);
    assert.match(ran.wrong.join('\n'), /^PORT takes a port number.*\nTIME_ZONE takes an IANA time zone/);
  });

  it('writes to Redis, and says where it is away or full', async function () {
    const redis = await startOwnRedis(this);
    try {
      saysOk(await run({ REDIS_URL: redis.url }), /^Redis takes what is counted there$/);
      await redis.ask('CONFIG', 'SET', 'maxmemory', '1');
      assert.match((await run({ REDIS_URL: redis.url })).wrong.join(), /^Redis does not take .*OOM.*REDIS_URL/);
      await redis.kill();
      const { code, wrong } = await run({ REDIS_URL: redis.url });
      assert.equal(code, 1);
      assert.match(wrong.join(), /^Redis does not take .*: start it, give it room, or correct REDIS_URL/);
    } finally {
      await redis.remove();
    }
  });

  it('asks Google for the client and its redirect URI, as a browser and as this program do', async () => {
    const before = google.requests.length;
    const ran = await run({ ...clientOf(), APP_URL: 'https://admin.mythoria.pt' });
    assert.deepEqual([ran.code, ran.wrong], [0, []]);
    saysOk(ran, /^Google knows the client/);
    const asked = google.requests.slice(before);
    assert.equal(asked.length, 2);
    const callback = encodeURIComponent('https://admin.mythoria.pt/auth/google/callback');
    for (const { url, body } of asked) {
      assert.ok(`${url}${body}`.includes(`redirect_uri=${callback}`), url);
      assert.ok(`${url}${body}`.includes('client_id=client-of-the-fake'), url);
    }
  });

  it('says which setting Google does not take', async () => {
    google.answers.token = json({ error: 'invalid_client' }, 401);
    google.answers.userinfo = (res) => res.writeHead(302, { Location: '/signin/oauth/error?authError=x' }).end();
    const { code, wrong } = await run(clientOf());
    assert.equal(code, 1);
    assert.match(
      wrong[0] ?? '',
      /refuses the client \(302\): check GOOGLE_CLIENT_ID, and that http.*\/auth\/google\/callback is one of/,
    );
    assert.match(wrong[1] ?? '', /401 invalid_client: check GOOGLE_CLIENT_ID and GOOGLE_CLIENT_SECRET/);
    google.answers.token = json({ access_token: 'x' });
    google.answers.userinfo = json({ sub: '901' });
    assert.match(
      (await run(clientOf())).wrong.join('\n'),
      /takes a code that it has not given: check GOOGLE_TOKEN_URL/,
    );
    google.answers.userinfo = json({}, 400);
    assert.match((await run(clientOf())).wrong[0] ?? '', /refuses the client \(400\)/);
  });

  it('says what to let through where Google cannot be reached, or does not answer', async () => {
    const port = await freePort();
    const away = await run({
      ...clientOf(),
      GOOGLE_AUTHORIZATION_URL: `http://127.0.0.1:${port}/authorize`,
      GOOGLE_TOKEN_URL: `http://127.0.0.1:${port}/token`,
    });
    assert.equal(away.code, 1);
    assert.match(away.wrong[0] ?? '', /cannot be reached \(ECONNREFUSED\): nobody can sign in/);
    assert.match(away.wrong[1] ?? '', /broke off: ECONNREFUSED .*: nobody can sign in until connections/);
    google.answers.token = silence;
    google.answers.userinfo = silence;
    const { wrong } = await run(clientOf());
    assert.equal(wrong.filter((text) => text.includes('not answer in time')).length, 2, wrong.join('\n'));
  });

  it('signs in at the mail server and sends nothing', async () => {
    const signedIn: string[] = [];
    const server = await startMailServer({
      authOptional: false,
      allowInsecureAuth: true,
      onAuth: ({ username = '', password }, _session, callback) => {
        if (password !== 'right') return callback(new Error('geheim'));
        signedIn.push(username);
        callback(null, { user: username });
      },
    });
    try {
      const { host } = new URL(server.url);
      const ran = await run({ SMTP_URL: `smtp://ana:right@${host}`, ...FROM });
      assert.deepEqual([ran.code, ran.wrong, signedIn, server.received], [0, [], ['ana'], []]);
      saysOk(ran, /lets us in/);
      const refused = await run({ SMTP_URL: `smtp://ana:never-to-be-seen@${host}`, ...FROM });
      assert.equal(refused.code, 1);
      assert.match(refused.wrong[0] ?? '', /^The mail server refuses our user or password: .*: correct SMTP_URL/);
    } finally {
      await server.close();
    }
    const away = await run({ SMTP_URL: `smtp://127.0.0.1:${await freePort()}`, ...FROM });
    assert.match(away.wrong[0] ?? '', /^The mail server cannot be reached: .*ECONNREFUSED.*let connections out to 127/);
    const mute = createServer(() => {}).listen(0, '127.0.0.1');
    await once(mute, 'listening');
    try {
      const { port } = mute.address() as { port: number };
      const { wrong } = await run({ SMTP_URL: `smtp://127.0.0.1:${port}`, ...FROM });
      assert.match(wrong[0] ?? '', /^The mail server does not answer in time/);
    } finally {
      mute.close();
    }
  });

  it('tells clocks that PostgreSQL has otherwise, and a time zone that it does not know', async function () {
    needsServer(this); // An embedded database has zones of its own, and one connection.
    const { workflows, backoffice } = databaseUrls();
    const settings = { WORKFLOWS_DATABASE_URL: workflows, BACKOFFICE_DATABASE_URL: backoffice };
    // To PostgreSQL an abbreviation, without summer; to Node a place.
    const other = (await run({ ...settings, TIME_ZONE: 'WET' })).wrong.filter((text) => text.includes('TIME_ZONE'));
    assert.equal(other.length, 2, other.join('\n'));
    for (const text of other) assert.match(text, /other clocks for WET than this program, on \d{4}-\d\d-\d\d/);
    const unknown = await run({ ...settings, TIME_ZONE: 'Canada/East-Saskatchewan' });
    assert.match(unknown.wrong.join('\n'), /workflows_db: knows no time zone Canada\/East-Saskatchewan: name one of/);
  });

  describe('on a disk that is small', () => {
    let disk: string;
    before(async function () {
      needsServer(this); // For workflows_db, whose disk is another.
      disk = await mkdtemp(join(tmpdir(), 'mythoria-admin-disk-'));
      const { status } = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=400m,mode=755', 'tmpfs', disk]);
      if (status === 0) return;
      await rm(disk, { recursive: true });
      skip(this, 'no right to mount a disk');
    });
    after(async () => {
      if (!disk) return;
      spawnSync('umount', [disk]);
      await rm(disk, { recursive: true, force: true });
    });

    it('says that the data folder has too little room, before it is made', async () => {
      const { code, wrong } = await run({ DATA_DIR: join(disk, 'to/be/made') });
      assert.equal(code, 1);
      assert.match(wrong.join('\n'), /^only \d+ MB are free for DATA_DIR \(.*made\): make room there/);
      assert.deepEqual(await readdir(disk), []);
    });

    it('says that the server of backoffice_db has too little room, as long as it may know where', async function () {
      const own = await startOwnPostgres(this, disk);
      try {
        const settings = { WORKFLOWS_DATABASE_URL: databaseUrls().workflows, SESSION_SECRET: 's'.repeat(32) };
        const { wrong } = await run({ ...settings, BACKOFFICE_DATABASE_URL: own.url });
        assert.match(wrong.join('\n'), /backoffice_db: is \d+ MB, and only \d+ MB are free at .*: make room there/);
        spawnSync('psql', [own.url, '-c', 'CREATE ROLE nobody_special LOGIN']);
        const asOther = Object.assign(new URL(own.url), { username: 'nobody_special' }).href;
        const other = await run({ ...settings, BACKOFFICE_DATABASE_URL: asOther });
        saysOk(other, /how much room its server has cannot be seen from here/);
        saysOk(other, /nothing is kept on a disk of this machine/);
      } finally {
        await own.remove();
      }
    });
  });
});
