import assert from 'node:assert/strict';
import type { Day } from '../../../src/units/calendar.ts';
import { addTime, HOUR, now, startOfDay } from '../../../src/units/time.ts';
import { evaluateAt, resetAlerts } from '../../support/alerts.ts';
import { sharedApp } from '../../support/app.ts';
import { type Client, signedIn } from '../../support/client.ts';
import { openPage, textOf } from '../../support/page.ts';
import { withClockMoved } from '../../support/session.ts';
import { insertUsage, resetUsage } from '../../support/usage.ts';

describe('what somebody may do about an alert', () => {
  let ana: Client;
  let origin: string;
  before(async () => {
    ({ origin } = await sharedApp());
    ana = await signedIn(origin);
  });
  const reset = async () => {
    await resetUsage();
    await resetAlerts();
  };
  beforeEach(reset);
  after(reset);

  const fired = async (): Promise<{ path: string; id: string; rule: string }> => {
    const body = { name: 'Month', type: 'threshold', measure: 'cost', window: 'month', critical: 20 };
    const made = await ana.json('post', '/api/alerts/rules', body);
    await insertUsage([{ cost: 26_000_000, at: now() }]);
    await evaluateAt(now());
    const [{ id }] = (await ana.json('get', '/api/alerts')).body.alerts;
    return { path: `/alerts/${id}`, id, rule: made.body.id };
  };

  it('is snoozed until nine of the clock, also where that changes in the night', async () => {
    const { path } = await fired();
    const saturday = addTime(startOfDay('2027-03-27' as Day, 'Europe/Lisbon'), 12n * HOUR);
    await withClockMoved(Number((saturday - now()) / 1000n), async () => {
      const page = await openPage(await signedIn(origin), path);
      const choice = page.querySelectorAll('[name=until] option').find((one) => textOf(one).endsWith('nine'));
      assert.equal(choice?.getAttribute('value'), '2027-03-28T08:00:00.000Z', 'in summer time');
    });
  });

  it('of a rule that was deleted leads to no page of it, and mutes nothing', async () => {
    const { path, id, rule } = await fired();
    const seen = async () => {
      const page = await openPage(ana, path);
      return [page.querySelectorAll('.trail a').length, page.querySelectorAll(`form[action="${path}/mute"]`).length];
    };
    assert.deepEqual(await seen(), [2, 1]);
    assert.equal((await ana.json('delete', `/api/alerts/rules/${rule}`)).status, 204);
    assert.deepEqual(await seen(), [1, 0]);
    const answer = await ana.json('post', `/api/alerts/${id}/mute`, { muted: true });
    assert.equal(answer.status, 400);
    assert.equal(answer.body.details[0].parameter, 'muted');
    const { history } = (await ana.json('get', `/api/alerts/${id}`)).body;
    assert.deepEqual(
      history.map(({ kind }: { kind: string }) => kind),
      ['fired', 'ended'],
      'nothing of it is written down',
    );
  });
});
