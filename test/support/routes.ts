import type { Express } from 'express';

/** What strangers may ask for; a new route that belongs here is added by hand. */
export const PUBLIC = [
  'GET /healthz',
  'GET /readyz',
  'GET /:name', // under /assets: a mount does not tell its path
  'GET /favicon.ico',
  'GET /apple-touch-icon.png',
  'GET /robots.txt',
  'GET /sign-in',
  'GET /auth/google',
  'GET /auth/google/callback',
  'GET /stand-in-for-google/authorize',
  'POST /stand-in-for-google/token',
  'GET /stand-in-for-google/userinfo',
];

type Layer = {
  route?: { path: string | string[]; methods: Record<string, boolean> };
  handle: { stack?: Layer[] };
};

/** Every route of an app as "GET /path"; what only guards the routes behind it is none. */
export function routesOf(express: Express): string[] {
  const routes = (stack: Layer[]): string[] =>
    stack.flatMap(({ route, handle }) => {
      if (route)
        return [route.path]
          .flat()
          .flatMap((path) => Object.keys(route.methods).map((method) => `${method.toUpperCase()} ${path}`));
      return handle.stack ? routes(handle.stack) : [];
    });
  return routes(express.router.stack as unknown as Layer[]);
}
