import assert from 'node:assert/strict';
import { NAVIGATION } from '../src/pages.ts';
import { sharedApp } from './support/app.ts';
import { PAGES } from './support/every-page.ts';
import { routesOf } from './support/routes.ts';

/** What answers a GET and is no page to look at: health, redirects, what a mount or Google's stand-in answers. Files and the API besides. */
const NO_PAGES = [
  ...['/metrics', '/healthz', '/readyz', '/:name', '/', '/auth/google', '/auth/google/callback'],
  ...['/stand-in-for-google/authorize', '/stand-in-for-google/userinfo'],
];
const isPage = (path: string) => !NO_PAGES.includes(path) && !path.startsWith('/api/') && !/\.\w+$/.test(path);

describe('the lists of pages', () => {
  let routes: string[];
  before(async () => {
    const { express } = await sharedApp();
    routes = routesOf(express)
      .flatMap((route) => (route.startsWith('GET ') ? route.slice(4) : []))
      .filter(isPage);
  });

  const routeOf = (address: string) =>
    routes.find((route) => new RegExp(`^${route.replace(/:\w+/g, '[^/]+')}$`).test(address.replace(/\?.*/, '')));

  it('have an address for every page: what no browser looks at is missing in test/support/every-page.ts', () => {
    const tried = new Set(Object.values(PAGES).map(routeOf));
    assert.deepEqual(
      routes.filter((route) => !tried.has(route)),
      [],
    );
  });

  it('lead from the navigation to pages only', () => {
    assert.ok(NAVIGATION.length > 0);
    for (const { label, href } of NAVIGATION) assert.equal(routeOf(href), href, label);
  });
});
