import assert from 'node:assert/strict';
import { DAY_OF_24_HOURS, now } from '../../../src/units/time.ts';
import { sharedApp } from '../../support/app.ts';
import { type Client, signedIn } from '../../support/client.ts';
import { openPage, textOf } from '../../support/page.ts';
import { insertUsage, resetUsage } from '../../support/usage.ts';

describe('the overview begins with the cost', () => {
  let client: Client;
  before(async () => {
    client = await signedIn((await sharedApp()).origin);
    await resetUsage();
    await insertUsage(
      Array.from({ length: 14 }, (_, i) => ({ cost: 1_234_567 * (i + 1), at: now() - DAY_OF_24_HOURS * BigInt(i) })),
    );
  });
  after(resetUsage);

  /** The first point as it is, each other by its distance from the one before. */
  const pointsOf = (path: string) => {
    const points: { x: number; y: number }[] = [];
    for (const [, x, y] of path.matchAll(/[Ml](-?\d+) (-?\d+)/g)) {
      const before = points.at(-1) ?? { x: 0, y: 0 };
      points.push({ x: before.x + Number(x), y: before.y + Number(y) });
    }
    return points;
  };

  it('with its course, which ends where its bars end, and with the month under way', async () => {
    const page = await openPage(client, '/ai-usage?period=7d');
    const [first] = page.querySelectorAll('.summary .tiles > div');
    assert.equal(textOf(first?.querySelector('dt') ?? null), 'Total cost');
    const [now, ...others] = first?.querySelectorAll('.running path:not(.before)') ?? [];
    assert.deepEqual(others, []);
    const points = pointsOf(now?.getAttribute('d') ?? '');
    assert.equal(points.length, page.querySelectorAll('.marks a').length + 1);
    points.slice(1).forEach(({ x, y }, i) => {
      const before = points[i];
      assert.ok(before && x > before.x && y <= before.y, 'a sum only grows');
    });
    assert.ok((points[0]?.y ?? 0) > (points.at(-1)?.y ?? 0));
    assert.match(textOf(page.querySelector('.summary .month')), /So far/);
    const hour = await openPage(client, '/ai-usage?period=1d&compare=none');
    assert.equal(hour.querySelectorAll('.running path').length, 1, 'nothing is compared');
  });

  it('and ends with what it is exactly, and how that is found out', async () => {
    const page = await openPage(client, '/ai-usage?period=7d');
    assert.doesNotMatch(textOf(page.querySelector('.tiles > div')), /€34\.56\d/);
    const [tieOut, window, ...more] = page.querySelectorAll('#usage > :nth-last-child(-n + 2)');
    assert.deepEqual(more, []);
    assert.match(
      textOf(tieOut ?? null),
      /^Exact to the micro-euro: €34\.567876 is the sum of the models, .* and of the days\./,
    );
    assert.match(tieOut?.querySelector('a')?.getAttribute('href') ?? '', /^\/ai-usage\/tie-out\?period=7d/);
    assert.match(textOf(window ?? null), /^As of /);
  });

  it('and has sections that lead to themselves', async () => {
    const page = await openPage(client, '/ai-usage?period=7d');
    const links = page.querySelectorAll('h2 a').map((link) => link.getAttribute('href') ?? '');
    assert.deepEqual(links, ['#month', '#usage-over-time', '#why', '#models', '#actions']);
    for (const href of links) assert.ok(page.querySelector(`h2${href}`), href);
  });
});
