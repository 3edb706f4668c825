import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import express, { type Router } from 'express';

const PUBLIC = join(import.meta.dirname, '../../public');
const HTMX = fileURLToPath(import.meta.resolve('htmx.org/dist/htmx.min.js'));

/** What the others build on, and what stands above them all; between them the components, in any order. */
const FIRST_STYLES = ['tokens.css', 'base.css', 'layout.css'];
const LAST_STYLES = ['print.css', 'forced-colors.css'];

/** The files of public/css as one. */
function stylesheet(): Buffer {
  const folder = join(PUBLIC, 'css');
  const components = readdirSync(folder).filter((file) => ![...FIRST_STYLES, ...LAST_STYLES].includes(file));
  const files = [...FIRST_STYLES, ...components.sort(), ...LAST_STYLES];
  return Buffer.concat(files.map((file) => readFileSync(join(folder, file))));
}

const FILES: [name: string, content: Buffer][] = [
  ...readdirSync(PUBLIC, { withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map(({ name }): [string, Buffer] => [name, readFileSync(join(PUBLIC, name))]),
  ['app.css', stylesheet()],
  ['htmx.min.js', readFileSync(HTMX)],
];

/** Read once: what is served under a digest is what the digest is of, also when the file changes meanwhile. */
const ASSETS = new Map(
  FILES.map(([name, content]) => [
    name,
    { content, digest: createHash('sha256').update(content).digest('base64url').slice(0, 12) },
  ]),
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
