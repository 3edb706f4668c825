import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import express, { type Router } from 'express';

const PUBLIC = join(import.meta.dirname, '../../public');
const HTMX = fileURLToPath(import.meta.resolve('htmx.org/dist/htmx.min.js'));

const ASSETS = new Map<string, string>([
  ...readdirSync(PUBLIC).map((file): [string, string] => [file, join(PUBLIC, file)]),
  ['htmx.min.js', HTMX],
]);

const digests = new Map(
  [...ASSETS].map(([name, path]) => [
    name,
    createHash('sha256').update(readFileSync(path)).digest('base64url').slice(0, 12),
  ]),
);

/**
 * The address of a file of public/ (or of htmx), with a digest of its content: browsers may keep it for ever.
 * @throws Error for a name that does not exist, so that a template with a wrong one fails its test
 */
export function assetUrl(name: string): string {
  const digest = digests.get(name);
  if (!digest) throw new Error(`no asset ${name}`);
  return `/assets/${name}?v=${digest}`;
}

export function assets(): Router {
  const router = express.Router();
  router.get('/:name', (req, res, next) => {
    const { name } = req.params;
    const path = ASSETS.get(name);
    if (!path) return next();
    const current = req.query.v === digests.get(name);
    res.sendFile(path, { maxAge: current ? '1y' : 0, immutable: current });
  });
  return router;
}
