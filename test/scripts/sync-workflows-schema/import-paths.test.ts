import assert from 'node:assert/strict';
import { withoutJsExtensions } from '../../../scripts/sync-workflows-schema/import-paths.ts';

const CHANGED: [before: string, after: string][] = [
  [`import { a } from './enums.js';`, `import { a } from './enums';`],
  [`import { a } from "./enums.js"`, `import { a } from "./enums"`],
  [`import a, * as b from '../up/enums.js';`, `import a, * as b from '../up/enums';`],
  [`import type { A } from './enums.js';`, `import type { A } from './enums';`],
  [`import './enums.js';`, `import './enums';`],
  [`export * from './enums.js';`, `export * from './enums';`],
  [`export * as enums from './enums.js';`, `export * as enums from './enums';`],
  [`export { a, type B } from './enums.js';`, `export { a, type B } from './enums';`],
  [`export type { A } from './enums.js';`, `export type { A } from './enums';`],
  [`import {\n  a,\n  b,\n} from\n  './enums.js';`, `import {\n  a,\n  b,\n} from\n  './enums';`],
  [`import{a}from'./enums.js'`, `import{a}from'./enums'`],
  [`const a = await import('./enums.js');`, `const a = await import('./enums');`],
  ['const a = await import(`./enums.js`);', 'const a = await import(`./enums`);'],
  [`type A = import(\n  './enums.js'\n).A;`, `type A = import(\n  './enums'\n).A;`],
  [`import { a } from /* the enums */ './enums.js';`, `import { a } from /* the enums */ './enums';`],
  [
    `import { a } from './a.b.js'; // it's here\nimport b from './b.js';`,
    `import { a } from './a.b'; // it's here\nimport b from './b';`,
  ],
  [`const quote = "'";\nimport b from './b.js';`, `const quote = "'";\nimport b from './b';`],
  [`const quote = 'it\\'s';\nimport b from './b.js';`, `const quote = 'it\\'s';\nimport b from './b';`],
  ["const text = `it's \\``;\r\nimport b from './b.js';\r\n", "const text = `it's \\``;\r\nimport b from './b';\r\n"],
];

const UNCHANGED = [
  `import { pgTable } from 'drizzle-orm/pg-core.js';`,
  `import { a } from '@scope/enums.js';`,
  `import data from './data.json';`,
  `import a from './enums';`,
  `import a from './enums.mjs';`,
  `import a from './enums.js.ts';`,
  `const path = './enums.js';`,
  `const options = { from: './enums.js', import: './enums.js' };`,
  `database.select().from('./enums.js');`,
  `loader.import('./enums.js');`,
  `const script = "import './enums.js'";`,
  `const script = 'export * from "./enums.js"';`,
  "const script = `\nimport { a } from './enums.js';\n`;",
  `// import { a } from './enums.js';`,
  `/*\n * export * from './enums.js';\n */`,
];

describe('taking .js off import paths', () => {
  for (const [before, after] of CHANGED) {
    it(`changes ${JSON.stringify(before)}`, () => assert.equal(withoutJsExtensions(before), after));
  }
  for (const source of UNCHANGED) {
    it(`leaves ${JSON.stringify(source)}`, () => assert.equal(withoutJsExtensions(source), source));
  }
});
