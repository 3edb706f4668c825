import assert from 'node:assert/strict';
import { type RunningApp, startApp } from '../support/app.ts';
import { auditLines, forgetAudit } from '../support/audit.ts';
import { ANA, type Client, RUI, signedIn } from '../support/client.ts';
import { noon, readFindings } from '../support/findings.ts';
import { assertDescribed } from '../support/openapi.ts';
import { openPage, textOf } from '../support/page.ts';
import { insertUsage, resetUsage } from '../support/usage.ts';

describe('a finding that an admin explains', () => {
  let app: RunningApp;
  let ana: Client;
  before(async () => {
    app = await startApp({ variables: { ADMIN_EMAILS: ANA } });
    ana = await signedIn(app.origin, ANA);
  });
  after(async () => {
    await resetUsage();
    await app.close();
  });
  beforeEach(async () => {
    await resetUsage();
    await insertUsage(Array.from({ length: 10 }, () => ({ model: 'mystery-1', cost: 0, at: noon(2) })));
    await forgetAudit();
  });
  const only = async () => {
    const { findings } = await readFindings(ana);
    const [finding] = findings.filter(({ kind }) => kind === 'unpriced');
    assert.ok(finding);
    return finding;
  };
  const explain = async (text: string) => ana.submit(`/findings/${(await only()).id}/explain`, { text });

  it('stays under “Explained”, and comes back when it has grown by more than a tenth', async () => {
    assert.equal((await explain('Free until January')).status, 303);
    assert.equal((await only()).isExplained, true);
    const page = await openPage(ana, '/findings');
    const details = page.querySelector('#unpriced details');
    assert.match(textOf(details), /Explained: 1.*mystery-1.*Free until January \(ana\.sousa@mythoria\.pt, /);
    assert.match(textOf(page.querySelector('.sum')), /^0 findings are not explained/);
    await insertUsage([{ model: 'mystery-1', cost: 0, at: noon(1) }]);
    assert.equal((await only()).isExplained, true, 'a tenth');
    await insertUsage([{ model: 'mystery-1', cost: 0, at: noon(1) }]);
    const back = await only();
    assert.deepEqual([back.isExplained, back.explanation?.text], [false, 'Free until January']);
    assert.match(textOf((await openPage(ana, '/findings')).querySelector('#unpriced')), /has grown since/);
    assert.deepEqual(
      (await auditLines()).map(({ email, action, details }) => [email, action, details]),
      [[ANA, 'explain finding', 'mystery-1: Free until January']],
    );
  });

  it('is taken back, by form and by JSON', async () => {
    await explain('Free');
    const { id } = await only();
    assert.equal((await ana.submit(`/findings/${id}/take-back`, {})).status, 303);
    assert.equal((await only()).explanation, null);
    const path = `/api/findings/${id}/explanation`;
    const put = await ana.json('put', path, { text: 'Free' });
    assertDescribed('/api/findings/{id}/explanation', put, 'put');
    assert.deepEqual([put.status, put.body.isExplained], [200, true]);
    assert.equal((await ana.json('delete', path)).status, 204);
    assert.equal((await ana.json('delete', path)).status, 404);
    assert.equal((await only()).explanation, null);
    const actions = (await auditLines()).map(({ action }) => action);
    assert.deepEqual(actions, ['explain finding', 'take back explanation', 'explain finding', 'take back explanation']);
  });

  it('not by readers, who see no form, and not with words that are none: nothing is saved', async () => {
    const { id } = await only();
    const rui = await signedIn(app.origin, RUI);
    assert.equal((await openPage(rui, `/findings/${id}`)).querySelectorAll('main form').length, 0);
    assert.equal((await rui.submit(`/findings/${id}/explain`, { text: 'x' })).status, 403);
    for (const text of ['', ' ', 'x'.repeat(301), 'a\u202eb']) {
      const answer = await ana.submit(`/findings/${id}/explain`, { text });
      assert.equal(answer.status, 400);
      assert.match(answer.text, /takes an explanation of at most 300 characters/);
      assert.equal((await ana.json('put', `/api/findings/${id}/explanation`, { text })).status, 400);
    }
    assert.equal((await ana.submit(`/findings/${id}/take-back`, {})).status, 400);
    assert.equal((await only()).explanation, null);
    assert.deepEqual(await auditLines(), []);
    assert.equal((await ana.get('/findings/unpriced-0123456789abcdef')).status, 404);
    assert.equal((await ana.get('/findings/x')).status, 404);
  });
});
