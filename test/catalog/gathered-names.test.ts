import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { pino } from 'pino';
import { makeNameIndex } from '../../src/catalog/name-index.ts';
import { nameRefresher } from '../../src/catalog/refresh-names.ts';
import { openDatabase } from '../../src/db/connect.ts';
import { migrateBackoffice } from '../../src/db/migrate.ts';
import { createOutages } from '../../src/units/failures/outages.ts';
import { databases, databaseUrls } from '../support/databases.ts';
import { keepRollups } from '../support/keeping.ts';
import { needsServer } from '../support/skip.ts';
import { resetUsage } from '../support/usage.ts';
import { nameStory } from './searched-names.ts';

describe('names are gathered by the tick', () => {
  afterEach(resetUsage);

  const gathers = (what: string, timeZone: string, workflowsUrl: () => string) =>
    it(what, async () => {
      await resetUsage();
      const { backoffice, mythoria } = databases();
      await nameStory(randomUUID(), 'A Fada');
      const workflows = openDatabase(workflowsUrl(), { maxConnections: 1 });
      const kept = keepRollups({ workflows, backoffice, mythoria }, timeZone, pino({ level: 'silent' }), {
        replicas: false,
      });
      try {
        let folded: unknown[] = [];
        while (folded.length === 0) folded = await backoffice('known_names').pluck('folded');
        assert.deepEqual(folded, ['a fada']);
      } finally {
        await kept.stop();
        await workflows.destroy();
      }
    });

  gathers('beside the rollups', 'Europe/Lisbon', () => databaseUrls().workflows);
  gathers('where there are no rollups', 'Asia/Kolkata', () => databaseUrls().workflows);
  gathers('while workflows_db is down', 'Europe/Lisbon', () => 'postgres://127.0.0.1:1/nobody-listens');

  it('goes on when mythoria_db is down, and says so once', async () => {
    const { backoffice } = databases();
    const said: string[] = [];
    const log = pino({ level: 'warn' }, { write: (line: string) => said.push(JSON.parse(line).msg) });
    const mythoria = openDatabase('postgres://127.0.0.1:1/nobody-listens', { maxConnections: 1 });
    const refresh = nameRefresher({ mythoria, backoffice }, log, createOutages(log));
    await refresh(() => false);
    await refresh(() => false);
    await mythoria.destroy();
    assert.equal(said.length, 1, said.join());
    assert.match(said[0] ?? '', /^nobody-listens at 127\.0\.0\.1:1 does not answer/);
  });
});

describe('the index of names', () => {
  it('is made by the owner of backoffice_db, and a search is answered by it', async () => {
    const { backoffice } = databases();
    assert.equal(await makeNameIndex(backoffice), null);
    assert.equal(await makeNameIndex(backoffice), null, 'again');
    await backoffice.transaction(async (transaction) => {
      await transaction.raw('SET LOCAL enable_seqscan = off');
      const { rows } = await transaction.raw(`EXPLAIN SELECT id FROM known_authors WHERE folded LIKE '%joao%'`);
      assert.match(JSON.stringify(rows), /Bitmap Index Scan on known_authors_folded_idx/);
    });
  });

  it('is made by a later tick where somebody holds the table at the first, which gathers names all the same', async function () {
    needsServer(this);
    const { backoffice, mythoria } = databases();
    const log = pino({ level: 'silent' });
    const refresh = nameRefresher({ mythoria, backoffice }, log, createOutages(log));
    const isThere = async () =>
      (await backoffice.raw(`SELECT to_regclass('known_names_trigrams') IS NOT NULL AS there`)).rows[0].there;
    await backoffice.raw('DROP INDEX IF EXISTS known_names_trigrams');
    const lock = await backoffice.transaction();
    // What an index waits for, and what is read and written does not.
    await lock.raw('LOCK TABLE known_names IN ROW EXCLUSIVE MODE');
    try {
      await nameStory(randomUUID(), 'O Farol');
      await refresh(() => false);
      assert.equal(await isThere(), false);
      assert.equal((await backoffice('known_names').where('folded', 'o farol')).length, 1);
    } finally {
      await lock.rollback();
    }
    await refresh(() => false);
    assert.equal(await isThere(), true);
  });

  it('is missed with a reason where the role may not make it', async function () {
    needsServer(this);
    const admin = databases().backoffice;
    const role = `names_${randomUUID().slice(0, 8)}`;
    const name = `${role}_db`;
    await admin.raw('CREATE ROLE ?? LOGIN', [role]);
    await admin.raw('CREATE DATABASE ??', [name]);
    const url = Object.assign(new URL(databaseUrls().backoffice), { pathname: `/${name}` });
    const superuser = openDatabase(url.href, { maxConnections: 1 });
    await superuser.raw('GRANT CREATE, USAGE ON SCHEMA public TO ??', [role]);
    const backoffice = openDatabase(Object.assign(url, { username: role }).href, { maxConnections: 2 });
    try {
      await migrateBackoffice(backoffice);
      assert.match((await makeNameIndex(backoffice)) ?? '', /permission denied to create extension "pg_trgm"/);
      await superuser.raw('CREATE EXTENSION pg_trgm');
      assert.equal(await makeNameIndex(backoffice), null);
    } finally {
      await Promise.all([superuser.destroy(), backoffice.destroy()]);
      await admin.raw('DROP DATABASE ?? WITH (FORCE)', [name]);
      await admin.raw('DROP ROLE ??', [role]);
    }
  });
});
