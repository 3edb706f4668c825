import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const ROOT = join(import.meta.dirname, '../..');

export type Version = { version: string /** Null where nothing says it. */; commit: string | null };

/** What runs here: the version of package.json, and the commit, which an image has in a file and a checkout in .git. */
export const VERSION: Version = {
  version: (JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { version: string }).version,
  commit: textOf('COMMIT') ?? commitOf(textOf('.git/HEAD')),
};

function textOf(path: string): string | null {
  try {
    return readFileSync(join(ROOT, path), 'utf8').trim();
  } catch {
    return null;
  }
}

/** https://git-scm.com/docs/gitrepository-layout: HEAD is a commit, or names a file or a line of packed-refs that has it. */
function commitOf(head: string | null): string | null {
  const name = head?.match(/^ref: (.+)$/)?.[1];
  if (head === null || name === undefined) return head;
  const packed = textOf('.git/packed-refs')
    ?.split('\n')
    .find((line) => line.endsWith(` ${name}`));
  return textOf(join('.git', name)) ?? packed?.split(' ')[0] ?? null;
}
