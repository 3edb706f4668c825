import assert from 'node:assert/strict';
import { READ_AHEAD } from '../../../src/pages.ts';
import { createFormat } from '../../../src/units/format.ts';
import { addTime, DAY_OF_24_HOURS, now } from '../../../src/units/time.ts';
import { type RunningApp, startApp } from '../../support/app.ts';
import { type Client, signedIn } from '../../support/client.ts';
import { databases } from '../../support/databases.ts';
import { coverUsage, insertUsage, resetUsage } from '../../support/usage.ts';

const WHAT_STORIES_HAD = /packed_days/;

describe('what is read ahead by a process that has just started', () => {
  let app: RunningApp;
  let ana: Client;
  const at = now();

  beforeEach(async () => {
    await resetUsage();
    await insertUsage(
      Array.from({ length: 60 }, (_, i) => ({
        at: addTime(at, -BigInt(i + 1) * DAY_OF_24_HOURS),
        story: `00000000-0000-4000-8000-${String(i % 9).padStart(12, '0')}`,
      })),
    );
    await coverUsage();
    app = await startApp();
    ana = await signedIn(app.origin);
  });
  afterEach(() => app.close());
  after(resetUsage);

  const readAhead = (isStopping = () => false) =>
    READ_AHEAD({ ...app, format: createFormat('en-GB', app.config.timeZone) }, isStopping);

  /** How often what stories had in days is asked of the database. */
  async function asks(work: () => Promise<unknown>): Promise<number> {
    let count = 0;
    const note = ({ sql }: { sql: string }) => {
      if (WHAT_STORIES_HAD.test(sql)) count += 1;
    };
    app.databases.backoffice.on('query', note);
    await work();
    app.databases.backoffice.off('query', note);
    return count;
  }
  const stories = () => ana.get('/ai-usage?period=90d&breakdown=story');

  it('is not asked of the database again by the first page', async () => {
    assert.ok((await asks(readAhead)) > 0);
    assert.equal(await asks(stories), 0);
  });

  it('is asked by the first page where nothing was read ahead', async () => {
    assert.ok((await asks(stories)) > 0);
  });

  it('is nothing where the rollups are not there, or the process stops', async () => {
    assert.equal(await readAhead(() => true), null);
    await databases().backoffice('rollup_state').update({ covered_until: null });
    assert.equal(await readAhead(), null);
  });
});
