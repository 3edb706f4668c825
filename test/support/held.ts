import { appendFileSync } from 'node:fs';
import { relative } from 'node:path';

/** The file in which a run that asks for it (.ci/run) finds what its faults did, a line of JSON each. */
const HELD_FILE = 'TEST_HELD_FILE';

export type Held = {
  fault: string;
  /** What was asked, and how much of it met the fault: an error that says so, or nothing. */
  requests: number;
  errors: number;
  /** From the fault's end, or from the fault where it ends nothing, until all was well again; null where nobody waited. */
  healedMs: number | null;
  /** What is gone for good, or was done twice. */
  losses: number;
  test: string;
};

/** Writes down how a fault was held, for docs/operations/holds.md; `file` is the test's own. */
export function held(file: string, fault: Omit<Held, 'test'>): void {
  const path = process.env[HELD_FILE];
  const line: Held = { ...fault, test: relative(process.cwd(), file) };
  if (path) appendFileSync(path, `${JSON.stringify(line)}\n`);
}

/** How long something takes from now on until it does not throw, in milliseconds. */
export async function healing(isWell: () => Promise<unknown>): Promise<number> {
  const began = performance.now();
  for (;;) {
    try {
      await isWell();
      return performance.now() - began;
    } catch (error) {
      if (performance.now() - began > 30_000) throw error;
    }
  }
}
