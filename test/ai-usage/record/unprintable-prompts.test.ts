import assert from 'node:assert/strict';
import { sharedApp } from '../../support/app.ts';
import { type Client, signedIn } from '../../support/client.ts';
import { databases } from '../../support/databases.ts';
import { openPage, textOf } from '../../support/page.ts';
import { resetUsage } from '../../support/usage.ts';
import { insertPrompts, RECORDS } from './stored-prompts.ts';

describe('a prompt that PostgreSQL cannot print', () => {
  const NOTE = 'PostgreSQL cannot print this prompt: written out, it is longer than a gigabyte.';
  let client: Client;
  let ids: string[];

  /** Prints a gigabyte before it gives up, which takes half a minute: here a cast of the test's own gives up at once, as it does. */
  const CAST = `
    CREATE FUNCTION printed(value jsonb) RETURNS text LANGUAGE plpgsql AS $$ BEGIN
      IF value ? 'unprintable' THEN
        RAISE 'out of memory' USING ERRCODE = '54000', DETAIL = 'Cannot enlarge string buffer';
      END IF;
      RETURN textin(jsonb_out(value));
    END $$;
    CREATE CAST (jsonb AS text) WITH FUNCTION printed(jsonb)`;

  before(async () => {
    const { workflows } = databases();
    client = await signedIn((await sharedApp()).origin);
    await resetUsage();
    ids = await insertPrompts([
      `'"before"'`,
      `'{"unprintable": 1}'`,
      `(SELECT jsonb_build_object('unprintable', string_agg(md5(n::text), '')) FROM generate_series(1, 4000) AS n)`,
      `to_jsonb(repeat('é ', 20000))`,
      `'"after"'`,
    ]);
    await workflows.raw(CAST.replaceAll('?', '\\?'));
  });
  after(async () => {
    await databases().workflows.raw('DROP CAST IF EXISTS (jsonb AS text); DROP FUNCTION IF EXISTS printed');
    await resetUsage();
  });

  for (const extension of ['ndjson', 'json', 'csv']) {
    it(`has a note in its place in an export, which goes on: ${extension}`, async () => {
      const { status, text } = await client.get(`${RECORDS}.${extension}?include=prompt`);
      assert.equal(status, 200);
      const said = JSON.stringify(NOTE);
      assert.equal(text.split(extension === 'csv' ? said.replaceAll('"', '""') : said).length - 1, 2);
      for (const whole of ['before', 'after', 'é '.repeat(20000)]) assert.ok(text.includes(whole), whole.slice(0, 10));
      for (const id of ids) assert.ok(text.includes(id));
    });
  }

  it('is said on its page', async () => {
    const page = await openPage(client, `${RECORDS}/${ids[1]}/prompt`);
    assert.ok(textOf(page).includes(NOTE));
    assert.deepEqual(
      page.querySelectorAll('a[href$="/prompt"], a[href*="prompt.json"]'),
      [],
      'and nothing offers it again',
    );
  });
});
