import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import express, { type Router } from 'express';

const PUBLIC = join(import.meta.dirname, '../../public');
const HTMX = fileURLToPath(import.meta.resolve('htmx.org/dist/htmx.min.js'));

/** Read once: what is served under a digest is what the digest is of, also when the file changes meanwhile. */
const ASSETS = new Map(
  [
    ...readdirSync(PUBLIC).map((file): [string, string] => [file, join(PUBLIC, file)]),
    ['htmx.min.js', HTMX] as const,
  ].map(([name, path]) => {
    const content = readFileSync(path);
    return [name, { content, digest: createHash('sha256').update(content).digest('base64url').slice(0, 12) }];
  }),
);

/**
 * The address of a file of public/ (or of htmx), with a digest of its content: browsers may keep it for ever.
 * @throws Error for a name that does not exist, so that a template with a wrong one fails its test
 */
export function assetUrl(name: string): string {
  const asset = ASSETS.get(name);
  if (!asset) throw new Error(`no asset ${name}`);
  return `/assets/${name}?v=${asset.digest}`;
}

/** What browsers and crawlers look for by themselves, at addresses that nobody gives them. */
const AT_THE_ROOT = ['favicon.ico', 'apple-touch-icon.png', 'robots.txt'];

export function filesAtTheRoot(): Router {
  const router = express.Router();
  for (const name of AT_THE_ROOT) {
    const asset = ASSETS.get(name);
    if (!asset) throw new Error(`no file ${name}`);
    router.get(`/${name}`, (_req, res) => {
      res.set('Cache-Control', 'public, max-age=86400').type(extname(name)).send(asset.content);
    });
  }
  return router;
}

export function assets(): Router {
  const router = express.Router();
  router.get('/:name', (req, res, next) => {
    const { name } = req.params;
    const asset = ASSETS.get(name);
    if (!asset) return next();
    const kept = req.query.v === asset.digest ? 'max-age=31536000, immutable' : 'max-age=0';
    res.set('Cache-Control', `public, ${kept}`).type(extname(name)).send(asset.content);
  });
  return router;
}
