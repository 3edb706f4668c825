import assert from 'node:assert/strict';
import type { Browser, Page } from 'playwright-core';
import { addTime, DAY_OF_24_HOURS, now } from '../../src/units/time.ts';
import { resetAlerts } from '../support/alerts.ts';
import { sharedApp } from '../support/app.ts';
import { openPage, sharedBrowser, signInAs } from '../support/browser.ts';
import { insertUsage, resetUsage } from '../support/usage.ts';

describe('the form of a rule in a browser', () => {
  let browser: Browser;
  let origin: string;
  let page: Page;

  before(async function () {
    browser = await sharedBrowser(this);
    await resetUsage();
    await resetAlerts();
    await insertUsage([{ cost: 30_000_000, at: addTime(now(), -20n * DAY_OF_24_HOURS) }]);
    ({ origin } = await sharedApp());
    ({ page } = await openPage(browser));
    await signInAs(page, origin);
  });
  after(async () => {
    if (browser) await page.context().close();
    await resetAlerts();
    await resetUsage();
  });

  const says = (text: string) => page.locator('#rehearsal').getByText(text).waitFor();

  it('says what the rule would have told as soon as its fields are filled in, and again when one is changed', async () => {
    await page.goto(`${origin}/alerts/rules/new?type=threshold&measure=cost&window=day`);
    await says('Once its fields are filled in');
    await page.getByLabel('Name').fill('Today');
    await page.getByLabel('Critical from').fill('20');
    await page.getByLabel('Critical from').press('Tab');
    await says('Would have fired once in the last 90 days.');
    await page.getByLabel('Critical from').fill('40');
    await page.getByLabel('Critical from').press('Tab');
    await says('Would not have fired in the last 90 days.');
    assert.equal(await page.getByLabel('Name').inputValue(), 'Today', 'the form stays as it is');
  });

  it('shows the fields of another type, and keeps what was entered', async () => {
    await page.goto(`${origin}/alerts/rules/new?type=threshold&name=Kept`);
    await page.getByLabel('Tell of').selectOption('unusual');
    await page.getByLabel('Strength').waitFor();
    assert.equal(await page.getByLabel('Critical from').count(), 0);
    assert.equal(await page.getByLabel('Name').inputValue(), 'Kept');
    assert.equal(new URL(page.url()).searchParams.get('type'), 'unusual');
    await page.getByRole('button', { name: 'Make the rule' }).click();
    await page.getByRole('heading', { level: 1, name: 'Kept' }).waitFor();
    await says('still be learning');
    assert.equal(await page.locator('h1').count(), 1, 'the rehearsal takes its own place alone');
  });
});
