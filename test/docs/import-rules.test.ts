import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';

/** What a file may import and what it may not; the names need not exist, since a rule judges the import alone. */
const RULES: { file: string; may: string[]; mayNot: string[] }[] = [
  { file: 'src/units/x.ts', may: ['zod', './money.ts'], mayNot: ['../db/tables.ts', '../config.ts', 'express'] },
  {
    file: 'src/db/x.ts',
    may: ['knex', './tables.ts', '../units/time.ts'],
    mayNot: ['../config.ts', '../stats/stats.ts', '../web/errors.ts', '../../test/support/app.ts', 'express'],
  },
  {
    file: 'src/db/migrations/x.ts',
    may: ['knex', '../arrays.ts', '../../units/time.ts'],
    mayNot: ['../../stats/stats.ts', '../../web/errors.ts'],
  },
  {
    file: 'src/catalog/x.ts',
    may: ['./model-families.ts', '../units/format.ts', '../db/tables.ts'],
    mayNot: [
      '../stats/stats.ts',
      '../query/query.ts',
      '../web/errors.ts',
      '../auth/person.ts',
      '../config.ts',
      'express',
    ],
  },
  {
    file: 'src/query/x.ts',
    may: ['zod', './filter.ts', '../catalog/words.ts', '../units/time.ts', '../db/tables.ts'],
    mayNot: ['../stats/sums.ts', '../tables/table.ts', '../ai-usage/frame/subjects.ts', '../web/errors.ts', 'express'],
  },
  {
    file: 'src/query/filters/x.ts',
    may: ['zod', './entry.ts', '../dimensions.ts', '../../catalog/words.ts', '../../units/time.ts'],
    mayNot: ['../../stats/sums.ts', '../../ai-usage/frame/subjects.ts', '../../web/errors.ts', 'express'],
  },
  {
    file: 'src/stats/x.ts',
    may: ['knex', './rollups/days.ts', '../query/query.ts', '../db/tables.ts'],
    mayNot: [
      '../tables/table.ts',
      '../export/table.ts',
      '../ai-usage/overview/overview.ts',
      '../web/errors.ts',
      '../config.ts',
      'express',
    ],
  },
  {
    file: 'src/stats/rollups/x.ts',
    may: ['knex', '../sums.ts', './keep/write.ts', '../../query/query.ts', '../../units/time.ts'],
    mayNot: ['../../export/table.ts', '../../web/errors.ts', '../../app.ts', '../../../test/support/app.ts'],
  },
  {
    file: 'src/stats/rollups/keep/x.ts',
    may: ['knex', '../days.ts', '../../sums.ts', '../../../db/tables.ts'],
    mayNot: ['../../../export/table.ts', '../../../web/errors.ts', '../../../server.ts', 'express'],
  },
  {
    file: 'src/tables/x.ts',
    may: ['./cells.ts', '../units/format.ts', '../stats/sums.ts'],
    mayNot: ['../stats/stats.ts', '../query/query.ts', '../db/tables.ts', 'express'],
  },
  {
    file: 'src/export/x.ts',
    may: ['./csv.ts', '../units/format.ts', '../tables/values.ts'],
    mayNot: ['../stats/sums.ts', '../db/tables.ts', '../ai-usage/exports/exports.ts', 'express'],
  },
  {
    file: 'src/web/x.ts',
    may: ['express', './errors.ts', '../units/format.ts'],
    mayNot: ['../query/query.ts', '../auth/person.ts', '../db/connect.ts', '../config.ts', '../../scripts/x.ts'],
  },
  {
    file: 'src/auth/x.ts',
    may: ['express', './person.ts', '../web/errors.ts', '../db/connect.ts', '../units/time.ts', '../config.ts'],
    mayNot: ['../query/query.ts', '../alerts/routes.ts', '../app.ts', '../health.ts', '../../test/support/app.ts'],
  },
  {
    file: 'src/jobs/x.ts',
    may: [
      './jobs.ts',
      '../units/time.ts',
      '../auth/session-store.ts',
      '../demo/keep.ts',
      '../stats/rollups/keep/keep.ts',
    ],
    mayNot: ['../stats/stats.ts', '../web/errors.ts', '../ai-usage/routes.ts', '../config.ts', '../app.ts', 'express'],
  },
  {
    file: 'src/demo/x.ts',
    may: ['./rows.ts', '../units/money.ts', '../db/tables.ts'],
    mayNot: ['../stats/stats.ts', '../web/errors.ts', '../auth/person.ts', '../config.ts', 'express'],
  },
  {
    file: 'src/delivery/x.ts',
    may: ['knex', 'nodemailer', './outbox.ts', '../units/time.ts', '../db/tables.ts'],
    mayNot: [
      '../alerts/rules.ts',
      '../stats/reader.ts',
      '../web/errors.ts',
      '../auth/person.ts',
      '../config.ts',
      'express',
    ],
  },
  {
    file: 'src/downloads/x.ts',
    may: [
      'express',
      'knex',
      '../web/download.ts',
      '../auth/require-person.ts',
      '../export/formats.ts',
      '../db/audit-log.ts',
    ],
    mayNot: ['../ai-usage/exports.ts', '../audit/query.ts', '../audit/routes.ts', '../config.ts', '../app.ts'],
  },
  {
    file: 'src/alerts/x.ts',
    may: ['knex', './rules.ts', '../stats/stats.ts', '../db/tables.ts', '../units/time.ts'],
    mayNot: [
      ...['./routes.ts', '../ai-usage/routes.ts', '../web/errors.ts', '../auth/person.ts', '../demo/fill.ts'],
      ...['../ai-usage/frame/subjects.ts', '../budgets/terms.ts'],
      ...['../app.ts', '../server.ts', '../health.ts', '../config.ts', '../../test/support/app.ts', 'express'],
    ],
  },
  {
    file: 'src/alerts/deeper/x.ts',
    may: ['../rules.ts', '../../db/tables.ts'],
    mayNot: [
      ...['../routes.ts', '../../budgets/terms.ts', '../../web/errors.ts', '../../app.ts', '../../../scripts/x.ts'],
      'express',
    ],
  },
  {
    file: 'src/alerts/deeper/still/x.ts',
    may: ['../../rules.ts', '../x.ts', '../../../stats/budgets/budgets.ts'],
    mayNot: ['../../routes.ts', '../../../budgets/terms.ts', '../../../web/errors.ts', '../../../app.ts', 'express'],
  },
  {
    file: 'src/alerts/routes.ts',
    may: ['express', './rules.ts', '../stats/stats.ts', '../auth/require-person.ts', '../web/panel.ts'],
    mayNot: [
      '../ai-usage/routes.ts',
      '../budgets/terms.ts',
      '../app.ts',
      '../server.ts',
      '../config.ts',
      '../demo/fill.ts',
      '../../scripts/x.ts',
    ],
  },
  {
    file: 'src/alerts/rules/routes.ts',
    may: ['express', './rules.ts', '../../stats/stats.ts', '../../auth/require-person.ts', '../../web/panel.ts'],
    mayNot: [
      '../routes.ts',
      '../../ai-usage/routes.ts',
      '../../ai-usage/api/routes.ts',
      '../../ai-usage/frame/subjects.ts',
      '../../app.ts',
      '../../config.ts',
    ],
  },
  {
    file: 'src/app.ts',
    may: [
      'express',
      './pages.ts',
      './auth/session.ts',
      './web/errors.ts',
      './config.ts',
      './health.ts',
      './stats/reader.ts',
    ],
    mayNot: [
      './stats/stats.ts',
      './ai-usage/overview/routes.ts',
      './server.ts',
      './demo/fill.ts',
      '../test/support/app.ts',
      '../scripts/x.ts',
    ],
  },
  {
    file: 'src/pages.ts',
    may: ['express', './ai-usage/overview/routes.ts', './audit/routes.ts', './audit/export.ts', './web/render.ts'],
    mayNot: [
      './audit/query.ts',
      './stats/reader.ts',
      './auth/session.ts',
      './app.ts',
      './config.ts',
      '../test/support/app.ts',
    ],
  },
  {
    file: 'src/health.ts',
    may: ['express', './db/connect.ts'],
    mayNot: ['./stats/stats.ts', './auth/person.ts', './app.ts', './config.ts', '../test/support/app.ts'],
  },
  {
    file: 'src/config.ts',
    may: ['zod', './db/connect.ts'],
    mayNot: ['./web/errors.ts', './auth/google.ts', './app.ts', './query/period.ts', 'express'],
  },
  {
    file: 'src/server.ts',
    may: ['./app.ts', './config.ts', './demo/fill.ts', './db/connect.ts', './web/log.ts'],
    mayNot: ['./ai-usage/routes.ts', '../test/support/app.ts', '../scripts/x.ts', 'express'],
  },
  { file: 'scripts/x.ts', may: ['../src/config.ts', '../src/demo/fill.ts'], mayNot: ['../test/support/app.ts'] },
];

const OTHER_WAYS = {
  'src/units/type.ts': "import type { A } from 'express';",
  'src/units/dynamic.ts': "export const load = () => import('express');",
  'src/units/again.ts': "export { default } from 'express';",
};

/** The last two ask no clock. */
const CLOCKS = ['Date.now();', 'new Date();', 'performance.now();', 'new Date(0);'];

type Report = { diagnostics: { category: string; location: { path: string; start: { line: number } } }[] };

function lint(folder: string): Promise<Report> {
  const biome = resolve('node_modules/@biomejs/biome/bin/biome');
  const options = ['lint', '--reporter=json', '--max-diagnostics=none'];
  return new Promise((done) => {
    execFile(process.execPath, [biome, ...options], { cwd: folder }, (_error, stdout) => done(JSON.parse(stdout)));
  });
}

describe('import rules', () => {
  let folder: string;
  /** "path line" of every import that the linter refuses. */
  let refused: Set<string>;
  /** Likewise where this machine's clock is asked. */
  let clocks: string[];

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'import-rules-'));
    for (const name of ['biome.json', '.gitignore', 'scripts/own-clock.grit', 'scripts/named-skip.grit']) {
      await cp(name, join(folder, name));
    }
    const files = new Map<string, string[]>(Object.entries(OTHER_WAYS).map(([file, line]) => [file, [line]]));
    for (const { file, may, mayNot } of RULES) files.set(file, [...may, ...mayNot].map(importOf));
    for (const file of ['src/auth/clock.ts', 'scripts/clock.ts', 'src/units/clock.ts']) files.set(file, CLOCKS);
    for (const [file, lines] of files) {
      await mkdir(dirname(join(folder, file)), { recursive: true });
      await writeFile(join(folder, file), lines.join('\n'));
    }
    const { diagnostics } = await lint(folder);
    clocks = diagnostics
      .filter(({ category }) => category === 'plugin')
      .map(({ location: { path, start } }) => `${path} ${files.get(path)?.[start.line - 1]}`);
    refused = new Set(
      diagnostics
        .filter(({ category }) => category === 'lint/style/noRestrictedImports')
        .map(({ location: { path, start } }) => `${path} ${files.get(path)?.[start.line - 1]}`),
    );
  });

  after(() => rm(folder, { recursive: true }));

  for (const { file, may, mayNot } of RULES) {
    it(`${file} imports what stands below it and nothing else`, () => {
      const found = [...may, ...mayNot].filter((specifier) => refused.has(`${file} ${importOf(specifier)}`));
      assert.deepEqual(found, mayNot);
    });
  }

  it('leave the clock of this machine to the one module that sets it right', () => {
    const expected = ['scripts/clock.ts', 'src/auth/clock.ts'].flatMap((file) =>
      CLOCKS.slice(0, 2).map((line) => `${file} ${line}`),
    );
    assert.deepEqual(clocks.sort(), expected.sort());
  });

  it('hold for types, dynamic imports and re-exports too', () => {
    const found = Object.entries(OTHER_WAYS).filter(([file, line]) => refused.has(`${file} ${line}`));
    assert.deepEqual(found, Object.entries(OTHER_WAYS));
  });
});

function importOf(specifier: string): string {
  return `import '${specifier}';`;
}
