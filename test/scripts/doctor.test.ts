import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SETTING_NAMES } from '../../src/config.ts';
import { commandLine } from '../support/command-line.ts';
import { databases, databaseUrls } from '../support/databases.ts';
import { freePort } from '../support/ports.ts';
import { needsServer } from '../support/skip.ts';
import { insertUsage, resetUsage } from '../support/usage.ts';

type Ran = { code: number; lines: string[]; stderr: string };

describe('npm run doctor', () => {
  const name = `doctor_${randomBytes(4).toString('hex')}`;
  const empty = `${name}_empty`;
  const password = 'never-to-be-seen';
  let folder: string;
  const as = (url: string, database?: string) =>
    Object.assign(new URL(url), {
      username: name,
      password,
      ...(database ? { pathname: `/${database}` } : {}),
    }).href;

  before(async function () {
    needsServer(this); // A role of its own, and a process beside the tests' connections.
    folder = await mkdtemp(join(tmpdir(), 'mythoria-admin-doctor-'));
    await resetUsage();
    await insertUsage([{}]);
    const { workflows, mythoria } = databases();
    await workflows.raw(`CREATE ROLE ${name} LOGIN PASSWORD '${password}'`);
    await workflows.raw(`GRANT SELECT ON token_usage_tracking TO ${name}`);
    await mythoria.raw(`GRANT SELECT ON authors, stories TO ${name}`);
    await mythoria.raw('CREATE DATABASE ??', [empty]);
  });
  after(async () => {
    if (!folder) return;
    const { workflows, mythoria } = databases();
    await mythoria.raw('DROP DATABASE ?? WITH (FORCE)', [empty]);
    for (const database of [workflows, mythoria]) await database.raw(`DROP OWNED BY ${name}`);
    await workflows.raw(`DROP ROLE ${name}`);
    await resetUsage();
    await rm(folder, { recursive: true });
  });

  async function run(settings: Record<string, string>, args: string[] = []): Promise<Ran> {
    const unset = Object.fromEntries(SETTING_NAMES.map((setting) => [setting, '']));
    const env = { PATH: process.env.PATH, HOME: process.env.HOME, ...unset, ...settings };
    const command = [...(await commandLine('scripts/doctor.ts')), ...args];
    return new Promise((done) => {
      const child = execFile(process.execPath, command, { cwd: folder, env }, (_error, stdout, stderr) => {
        assert.doesNotMatch(stdout + stderr, new RegExp(password), 'no secret');
        done({ code: child.exitCode ?? -1, lines: stdout.trimEnd().split('\n'), stderr });
      });
    });
  }
  const settings = () => ({
    WORKFLOWS_DATABASE_URL: as(databaseUrls().workflows),
    BACKOFFICE_DATABASE_URL: databaseUrls().backoffice,
    MYTHORIA_DATABASE_URL: as(databaseUrls().mythoria),
  });
  const wrongOf = ({ lines }: Ran) => lines.filter((line) => line.startsWith('wrong')).map((line) => line.slice(7));

  it('finds everything in order with the grants of the README, a line for each check, and exits with 0', async () => {
    const ran = await run(settings());
    assert.deepEqual([ran.code, ran.stderr, wrongOf(ran)], [0, '', []], ran.lines.join('\n'));
    for (const line of ran.lines) assert.match(line, /^(ok|note) {2,}\S/);
    const ok = ran.lines.filter((line) => line.startsWith('ok')).join('\n');
    for (const one of ['workflows', 'backoffice', 'mythoria']) {
      assert.match(ok, new RegExp(`${one}_db answers at `));
      assert.match(ok, new RegExp(`${one}_db is of a version`));
    }
    assert.match(ok, /workflows_db has every column, row and right/);
    assert.match(ok, /workflows_db has the time/);
    assert.match(ok, /backoffice_db has the newest schema/);
    assert.match(ok, /workflows_db counts the days of TIME_ZONE as this program does/);
    assert.match(ok, /backoffice_db: is \d+ MB/);
    assert.match(ok, /backoffice_db has rollups of this workflows_db/);
    assert.match(ran.lines.join('\n'), /^note .* CREATE INDEX CONCURRENTLY token_usage_tracking_by_cost ON /m);
    assert.deepEqual(await readdir(folder), []);
  });

  it('says what is wrong with the statements that set it right', async () => {
    const { workflows, mythoria } = databases();
    await workflows.raw(`GRANT INSERT ON token_usage_tracking TO ${name}`);
    await mythoria.raw(`REVOKE SELECT ON stories FROM ${name}; ALTER TABLE authors ENABLE ROW LEVEL SECURITY`);
    await workflows.raw(`ALTER ROLE ${name} CONNECTION LIMIT 20`);
    try {
      const ran = await run(settings());
      const wrong = wrongOf(ran).join('\n');
      assert.deepEqual([ran.code, ran.stderr], [1, `doctor: ${wrongOf(ran).length} to be done\n`], wrong);
      const needed = [
        `REVOKE INSERT, UPDATE, DELETE, TRUNCATE ON token_usage_tracking FROM ${name}`,
        `ALTER ROLE ${name} CONNECTION LIMIT 34`,
        `ALTER ROLE ${name} BYPASSRLS`,
        `GRANT SELECT (story_id, title) ON stories TO ${name}`,
      ];
      for (const statement of needed) {
        assert.ok(ran.lines.join('\n').includes(statement), `${statement} in\n${ran.lines.join('\n')}`);
        await (/stories|authors/.test(statement) ? mythoria : workflows).raw(statement);
      }
      const again = await run(settings());
      assert.deepEqual([again.code, wrongOf(again)], [0, []]);
    } finally {
      await mythoria.raw('ALTER TABLE authors DISABLE ROW LEVEL SECURITY');
      await mythoria.raw(`GRANT SELECT ON stories TO ${name}`);
      await workflows.raw(`ALTER ROLE ${name} NOBYPASSRLS CONNECTION LIMIT -1`);
    }
  });

  it('tells rows that are hidden and columns that are closed in the words of the start', async () => {
    const { workflows } = databases();
    await workflows.raw('ALTER TABLE token_usage_tracking ENABLE ROW LEVEL SECURITY');
    try {
      const [hidden] = wrongOf(await run(settings()));
      assert.match(
        hidden ?? '',
        new RegExp(`^workflows_db: Row-level security hides rows .*: ALTER ROLE ${name} BYPASSRLS\\.$`),
      );
    } finally {
      await workflows.raw('ALTER TABLE token_usage_tracking DISABLE ROW LEVEL SECURITY');
    }
    await workflows.raw(`REVOKE SELECT ON token_usage_tracking FROM ${name}`);
    try {
      const { code, lines } = await run(settings());
      assert.equal(code, 1);
      assert.match(
        lines.join('\n'),
        new RegExp(`no SELECT privilege\n +GRANT SELECT ON token_usage_tracking TO ${name};`),
      );
    } finally {
      await workflows.raw(`GRANT SELECT ON token_usage_tracking TO ${name}`);
    }
  });

  it('tells a database that does not answer, one that does not exist, and one that nobody has migrated, which it leaves so', async () => {
    const port = await freePort();
    const { code, lines } = await run({
      WORKFLOWS_DATABASE_URL: `postgres://${name}:${password}@127.0.0.1:${port}/nothing`,
      BACKOFFICE_DATABASE_URL: Object.assign(new URL(databaseUrls().backoffice), { pathname: `/${empty}` }).href,
      MYTHORIA_DATABASE_URL: as(databaseUrls().mythoria, 'no_such_database'),
    });
    const said = lines.join('\n');
    assert.equal(code, 1);
    assert.match(said, /^wrong +workflows_db: does not answer now: .*ECONNREFUSED/m);
    assert.match(said, /^wrong +mythoria_db: .* has no database "no_such_database": create it/m);
    assert.match(said, /^wrong +backoffice_db: lacks 20261122_.*: start the server, or npm run migrate/m);
    const again = await run({ ...settings(), BACKOFFICE_DATABASE_URL: as(databaseUrls().backoffice, empty) });
    assert.match(again.lines.join('\n'), new RegExp(`GRANT USAGE, CREATE ON SCHEMA public TO ${name};`));
    assert.match(again.lines.join('\n'), /lacks 20261122_/, 'still');
  });

  it('has nothing to check where no database is configured, and starts none', async () => {
    const { code, lines } = await run({});
    assert.equal(code, 0);
    assert.ok(lines.includes('ok     no database is configured: the server starts its own'), lines.join('\n'));
    assert.deepEqual(await readdir(folder), []);
  });
});
