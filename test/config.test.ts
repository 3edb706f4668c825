import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { rootCertificates } from 'node:tls';
import { readConfig, SETTING_NAMES } from '../src/config.ts';
import { PRODUCTION, problemsOf } from './support/settings.ts';

describe('configuration', () => {
  it('is complete with nothing set: the embedded databases and the stand-in, for this machine only', () => {
    assert.deepEqual(readConfig({}), {
      production: false,
      port: 3000,
      host: 'localhost',
      appUrl: new URL('http://localhost:3000'),
      databaseUrls: null,
      redisUrl: null,
      google: null,
      allowedDomains: ['mythoria.pt', 'caravanconcierge.com'],
      adminEmails: [],
      auditDays: 730,
      sessionSecrets: null,
      timeZone: 'Europe/Lisbon',
      locale: 'en-GB',
      drainSeconds: 0,
      jobs: true,
      keepAliveMs: 620_000,
      mail: null,
      proxies: 0,
      signInsPerMinute: 20,
      apiPerMinute: 600,
      memoryBytes: 56 * 2 ** 20,
      metricsPort: null,
      webhookAllowedHosts: [],
      adminKeys: { openai: null, anthropic: null },
      logLevel: 'warn',
      dataDir: '.data',
      doubts: [],
    });
  });

  it('takes an empty or blank variable for one that is not set, and follows PORT', () => {
    const blank = Object.fromEntries(SETTING_NAMES.map((name) => [name, name.length % 2 ? '' : '  ']));
    assert.deepEqual(readConfig(blank), readConfig({}));
    assert.equal(readConfig({ PORT: '8080' }).appUrl.origin, 'http://localhost:8080');
  });

  it('reads how mail is sent, both settings or none', () => {
    const SMTP_URL = 'smtps://user:pw@smtp.example.com';
    for (const MAIL_FROM of ['ai-usage@mythoria.pt', 'Mythoria AI <ai-usage@mythoria.pt>'])
      assert.deepEqual(readConfig({ SMTP_URL, MAIL_FROM }).mail, { smtpUrl: SMTP_URL, from: MAIL_FROM });
    assert.deepEqual(problemsOf({ SMTP_URL }), ['MAIL_FROM is missing: set both, or none to send no mail']);
    assert.deepEqual(problemsOf({ MAIL_FROM: 'a@b.pt' }), ['SMTP_URL is missing: set both, or none to send no mail']);
    for (const url of ['smtp.example.com', 'https://smtp.example.com'])
      assert.match(String(problemsOf({ SMTP_URL: url, MAIL_FROM: 'a@b.pt' })), /^SMTP_URL takes an address such as/);
    for (const from of ['Mythoria', 'a@b.pt\r\nBcc: c@d.pt', 'a@b.pt, c@d.pt'])
      assert.match(String(problemsOf({ SMTP_URL, MAIL_FROM: from })), /^MAIL_FROM takes who mail is from/, from);
  });

  it('reads the hosts that webhooks may lead to', () => {
    const hosts = (text: string) => readConfig({ WEBHOOK_ALLOWED_HOSTS: text }).webhookAllowedHosts;
    assert.deepEqual(hosts(' Hooks.Internal, 10.0.0.7:8080,[FD00::0001]:90,localhost:80'), [
      ...['hooks.internal', '10.0.0.7:8080', '[fd00::1]:90', 'localhost:80'],
    ]);
    for (const wrong of ['https://x.internal', 'x:99999', 'a b', 'user@host', 'x/y', '*.internal', '10.0.0.0/8'])
      assert.match(
        String(problemsOf({ WEBHOOK_ALLOWED_HOSTS: wrong })),
        /^WEBHOOK_ALLOWED_HOSTS takes hosts such as/,
        wrong,
      );
  });

  it('reads what is set', () => {
    const config = readConfig({
      ...PRODUCTION,
      ALLOWED_DOMAINS: ' Mythoria.PT , example.org,',
      ADMIN_EMAILS: ' Ana@Mythoria.PT , rui@example.com,',
      SESSION_SECRET: `${'n'.repeat(32)} , ${'o'.repeat(40)}`,
      TIME_ZONE: 'America/Sao_Paulo',
      LOCALE: 'pt-PT',
      PORT: '8443',
    });
    assert.deepEqual(config.allowedDomains, ['mythoria.pt', 'example.org']);
    assert.deepEqual(config.adminEmails, ['ana@mythoria.pt', 'rui@example.com']);
    assert.deepEqual(config.doubts.slice(-1), [
      'ADMIN_EMAILS names rui@example.com, whose domain is none of ALLOWED_DOMAINS: nobody enters with it',
    ]);
    assert.deepEqual(config.sessionSecrets, ['n'.repeat(32), 'o'.repeat(40)]);
    assert.equal(config.appUrl.href, 'https://admin.mythoria.pt/');
    assert.deepEqual(config.databaseUrls, {
      workflows: PRODUCTION.WORKFLOWS_DATABASE_URL,
      backoffice: PRODUCTION.BACKOFFICE_DATABASE_URL,
      mythoria: null,
    });
    assert.deepEqual(config.google, {
      clientId: 'client',
      clientSecret: 'secret',
      authorizationUrl: 'https://accounts.google.com/o/oauth2/v2/auth',
      tokenUrl: 'https://oauth2.googleapis.com/token',
      userinfoUrl: 'https://openidconnect.googleapis.com/v1/userinfo',
    });
    assert.deepEqual([config.timeZone, config.locale], ['America/Sao_Paulo', 'pt-PT']);
    assert.deepEqual([config.production, config.host, config.port, config.logLevel], [true, '0.0.0.0', 8443, 'info']);
  });

  it('takes every value without the space around it, and says where there was some, or an ending that looks accidental', () => {
    const inSpace = Object.fromEntries(
      Object.entries(PRODUCTION).map(([name, value]) => [name, `\ufeff ${value}\r\n`]),
    );
    const { doubts, ...config } = readConfig(inSpace);
    assert.deepEqual({ ...config, doubts: [] }, readConfig(PRODUCTION));
    assert.deepEqual(doubts.map((doubt) => doubt.split(' ')[0]).sort(), Object.keys(PRODUCTION).sort());
    for (const ending of ['\\n', '"', "';", '`']) {
      const [doubt, ...others] = readConfig({ ...PRODUCTION, GOOGLE_CLIENT_SECRET: `secret${ending}` }).doubts;
      assert.match(doubt ?? '', /^GOOGLE_CLIENT_SECRET ends in /, ending);
      assert.ok(!doubt?.includes('secret'));
      assert.deepEqual(others, []);
    }
  });

  it('says everything that is wrong at once, each by its name and with what it takes', () => {
    const problems = problemsOf({
      PORT: '70000',
      APP_URL: 'https://admin.mythoria.pt/path',
      WORKFLOWS_DATABASE_URL: 'mysql://x',
      GOOGLE_CLIENT_ID: 'only half',
      GOOGLE_USERINFO_URL: 'https://example.org/me',
      ALLOWED_DOMAINS: 'mythoria',
      SESSION_SECRET: 'short',
      TIME_ZONE: 'Lisbon',
      LOCALE: 'not a locale',
      LOG_LEVEL: 'loud',
    });
    assert.deepEqual(problems.map((problem) => problem.split(' ')[0]).sort(), [
      'ALLOWED_DOMAINS',
      'APP_URL',
      'BACKOFFICE_DATABASE_URL',
      'GOOGLE_CLIENT_SECRET',
      'GOOGLE_USERINFO_URL',
      'LOCALE',
      'LOG_LEVEL',
      'PORT',
      'SESSION_SECRET',
      'TIME_ZONE',
      'WORKFLOWS_DATABASE_URL',
    ]);
    for (const problem of problems) assert.match(problem, /^[A-Z_]+ (takes .|is missing: .)/);
  });

  const WRONG: Record<string, string[]> = {
    PORT: ['-1', '65536', '3000.5', '0x10', '1e3', 'http'],
    APP_URL: [
      'admin.mythoria.pt',
      'ftp://x',
      'https://x/?a',
      'https://x/#a',
      'https://user:pw@x',
      'javascript:alert(1)',
    ],
    ADMIN_EMAILS: [
      ',',
      'ana',
      '@mythoria.pt',
      'ana@mythoria',
      'ana@mythoria.pt;rui@mythoria.pt',
      'ana@\u212aa.pt',
      'a b@c.pt',
    ],
    ALLOWED_DOMAINS: [
      '*',
      ',',
      '@mythoria.pt',
      'mythoria.pt;evil.example',
      '.pt',
      'mythoria..pt',
      'mythória.pt',
      '\u212aiosk.pt',
    ],
    SESSION_SECRET: ['a'.repeat(31), `${'a'.repeat(32)},b`, ','],
    DRAIN_SECONDS: ['8', '-1', '2.5', '5s'],
    KEEP_ALIVE_TIMEOUT: ['0', '-1', '3601', '60s', '1.5'],
    NODE_ENV: ['prod', 'Production', 'staging'],
    GOOGLE_TOKEN_URL: ['oauth2.googleapis.com/token', 'file:///etc/passwd'],
    MYTHORIA_DATABASE_URL: ['http://x', 'x', 'postgres:x', 'postgres://x:port/d'],
    HOST: [
      '0.0.0.0:3000',
      '[::1]',
      'http://localhost',
      '*',
      'local host',
      '300.1.1.1',
      '10.0.0',
      'a..b',
      '-a',
      'ü.example',
    ],
  };
  for (const [name, values] of Object.entries(WRONG)) {
    it(`refuses a wrong ${name}`, () => {
      for (const value of values) {
        const problems = problemsOf({ [name]: value }).filter((problem) => problem.startsWith(`${name} takes`));
        assert.equal(problems.length, 1, value);
      }
    });
  }

  it('takes every address and name for HOST', () => {
    for (const HOST of [
      '0.0.0.0',
      '::',
      '::1',
      'fe80::1%eth0',
      'localhost',
      'admin-1',
      '10-0-0-1.internal',
      'A.example',
    ]) {
      assert.equal(readConfig({ HOST }).host, HOST);
    }
  });

  describe('refuses in a database URL', () => {
    const file = (name: string) => join(folder, name);
    let folder: string;
    before(async () => {
      folder = await mkdtemp(join(tmpdir(), 'mythoria-admin-config-'));
      await writeFile(file('empty.pem'), '');
      await writeFile(file('ca.pem'), rootCertificates[0] ?? '');
    });
    after(() => rm(folder, { recursive: true }));

    const problem = (parameters: string) =>
      problemsOf({ MYTHORIA_DATABASE_URL: `postgres://u:hunter2@db.internal/d?${parameters}` }).find((one) =>
        one.startsWith('MYTHORIA_DATABASE_URL takes'),
      );

    it('an sslmode that is none', () => {
      for (const mode of ['verify_full', 'verify-ful', 'VERIFY-FULL', 'prefer', 'allow', 'true', '']) {
        assert.match(problem(`sslmode=${mode}`) ?? '', /takes sslmode=verify-full, .*disable$/, mode);
      }
    });

    it('a TLS parameter that is none, or stands there twice', () => {
      for (const parameter of ['sslMode=verify-full', 'ssl=true', 'ssl_mode=disable', 'tls=1', 'sslca=x']) {
        assert.match(problem(parameter) ?? '', /takes sslmode, sslrootcert, .* for TLS, each once$/, parameter);
      }
      assert.match(problem('sslmode=verify-full&sslmode=disable') ?? '', /each once$/);
    });

    it('a file that is not there, or holds something else', () => {
      assert.match(problem(`sslrootcert=${file('no.pem')}`) ?? '', /takes sslrootcert, .*; this one does not exist$/);
      assert.match(problem(`sslrootcert=${folder}`) ?? '', /; this one cannot be read \(EISDIR\)$/);
      assert.match(problem('sslrootcert=system') ?? '', /; this one does not exist$/);
      assert.match(problem(`sslrootcert=${file('empty.pem')}`) ?? '', /; this one holds none$/);
      assert.match(problem(`sslcert=${file('empty.pem')}`) ?? '', /takes sslcert, a file with a certificate; .*none$/);
      assert.match(problem(`sslkey=${file('ca.pem')}`) ?? '', /takes sslkey, a file with a private key .*none$/);
    });

    it('nothing that is right, a socket among it', () => {
      const right = [
        `sslmode=verify-full&sslrootcert=${file('ca.pem')}`,
        'sslmode=verify-ca',
        'sslmode=require',
        'sslmode=no-verify',
        'sslmode=disable',
        'application_name=x',
      ];
      for (const parameters of right) assert.equal(problem(parameters), undefined, parameters);
      for (const socket of [
        'postgres://u:p@/d?host=/cloudsql/project:region:instance',
        'postgresql:///d?host=/cloudsql/project:region:instance&user=u&password=p',
      ]) {
        assert.deepEqual(problemsOf({ ...PRODUCTION, MYTHORIA_DATABASE_URL: socket }), []);
      }
    });
  });

  it('wants both databases or none, and both halves of a Google client', () => {
    const { WORKFLOWS_DATABASE_URL, BACKOFFICE_DATABASE_URL } = PRODUCTION;
    assert.match(problemsOf({ WORKFLOWS_DATABASE_URL })[0] ?? '', /^BACKOFFICE_DATABASE_URL is missing/);
    assert.match(problemsOf({ BACKOFFICE_DATABASE_URL })[0] ?? '', /^WORKFLOWS_DATABASE_URL is missing/);
    assert.match(
      problemsOf({ MYTHORIA_DATABASE_URL: BACKOFFICE_DATABASE_URL })[0] ?? '',
      /^MYTHORIA_DATABASE_URL goes with/,
    );
    assert.match(problemsOf({ GOOGLE_CLIENT_SECRET: 'x' })[0] ?? '', /^GOOGLE_CLIENT_ID is missing/);
  });
});
