import { appendFileSync } from 'node:fs';

/** The file in which a run that asks for it (.ci/run) finds the test files of which something failed. */
const FAILED_FILES = 'TEST_FAILED_FILES';

type Runnable = { file?: string; state?: string };
type Suite = { tests: Runnable[]; suites: Suite[] } & Partial<Record<(typeof HOOKS)[number], Runnable[]>>;

const HOOKS = ['_beforeAll', '_beforeEach', '_afterEach', '_afterAll'] as const;

const filesOf = (suite: Suite): string[] => [
  ...[suite.tests, ...HOOKS.map((hooks) => suite[hooks] ?? [])]
    .flat()
    .filter(({ state }) => state === 'failed')
    .map(({ file }) => file ?? '?'),
  ...suite.suites.flatMap(filesOf),
];

/** Writes down, a line each, the files of a suite in which a test or a hook failed. */
export function noteFailedFiles(suite: unknown): void {
  const path = process.env[FAILED_FILES];
  if (!path) return;
  for (const file of new Set(filesOf(suite as Suite))) appendFileSync(path, `${file}\n`);
}
