import assert from 'node:assert/strict';
import { openDatabase } from '../../src/db/connect.ts';
import { lastingProblems } from '../../src/db/start-check.ts';
import { closing } from '../support/closing.ts';
import { databaseUrls } from '../support/databases.ts';
import { startRefusingServer } from '../support/refusing-server.ts';
import { needsServer } from '../support/skip.ts';

const SETTING = 'WORKFLOWS_DATABASE_URL';

async function problemsAt(url: string): Promise<string[]> {
  const database = openDatabase(url, { maxConnections: 1 });
  try {
    return await lastingProblems([{ name: 'workflows_db', setting: SETTING, url, database }]);
  } finally {
    await database.destroy();
  }
}

describe('a database that cannot be used until somebody changes something', () => {
  const opened = closing();

  const refusedBy = async (code: string, message: string, parameters = '') => {
    const { url, host } = await opened(startRefusingServer(code, message));
    return (await problemsAt(url + parameters)).map((line) => line.replace(host, 'HOST'));
  };
  const problem = (words: string) => [`workflows_db: ${words} ${SETTING}`];

  it('says so in one line, with what to do: the server itself', async function () {
    needsServer(this);
    const url = new URL(databaseUrls().workflows);
    const server = `${url.hostname}:${url.port || 5432}`;
    assert.deepEqual(
      await problemsAt(Object.assign(new URL(url), { pathname: '/nothing' }).href),
      problem(`${server} has no database "nothing": create it, or correct`),
    );
    assert.deepEqual(
      await problemsAt(Object.assign(new URL(url), { username: 'stranger' }).href),
      problem(`${server} does not let "stranger" in (role "stranger" does not exist): correct`),
    );
    assert.deepEqual(await problemsAt(`${url.href}?sslmode=verify-full`), [
      `workflows_db: ${server} speaks no TLS: sslmode=disable in ${SETTING}, or let it`,
    ]);
    assert.deepEqual(await problemsAt(url.href), []);
  });

  it('a password, a certificate, a privilege, a pooler', async () => {
    assert.deepEqual(
      await refusedBy('28P01', 'password authentication failed for user "ana"'),
      problem('HOST does not take the password of "ana": correct'),
    );
    assert.deepEqual(
      await refusedBy('42501', 'permission denied for database "workflows"'),
      problem('"ana" may not connect to "workflows" at HOST: GRANT CONNECT, or correct'),
    );
    assert.deepEqual(
      await refusedBy('08P01', 'no such database: workflows'),
      problem('HOST refuses (no such database: workflows): correct'),
    );
    assert.deepEqual(
      await refusedBy('28P01', 'never asked', '?sslmode=verify-full'),
      problem('the certificate of HOST does not fit (self-signed certificate): correct the host or sslrootcert in'),
    );
  });

  it('is told from one that does not answer for now', async () => {
    for (const [code, message] of [
      ['57P03', 'the database system is starting up'],
      ['53300', 'sorry, too many clients already'],
      ['55000', 'database "workflows" is not currently accepting connections'],
      ['08P01', 'server_login_retry'],
    ] as const)
      assert.deepEqual(await refusedBy(code, message), [], code);
    assert.deepEqual(await problemsAt('postgres://ana@127.0.0.1:1/workflows'), []);
    assert.deepEqual(await problemsAt('postgres://ana@no-such-host.invalid/workflows'), []);
  });
});
