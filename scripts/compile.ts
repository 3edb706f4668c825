import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

// Reads every module of src once, so that Node (from 22) keeps what it compiled in NODE_COMPILE_CACHE, and a start need not. Not those that
// start something when they are read, nor the copy of the schema, which is imported for its types.
const NOT_READ = /^server\.ts$|embedded[\\/]process|schema[\\/]workflows/;

const modules = readdirSync('src', { recursive: true, encoding: 'utf8' }).filter(
  (path) => path.endsWith('.ts') && !NOT_READ.test(path),
);
for (const path of modules) await import(pathToFileURL(join('src', path)).href);
console.log(`${modules.length} modules`);
// Some of them hold timers.
process.exit(0);
