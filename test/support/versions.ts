import { execFile } from 'node:child_process';
import { symlink } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';

const git = async (...args: string[]) => (await promisify(execFile)('git', args)).stdout.trim();

/** The commit before the last one that touched a migration; null where the history does not go back so far. */
export async function beforeLastMigration(): Promise<string | null> {
  const last = await git('log', '-1', '--diff-filter=A', '--format=%H', '--', 'src/db/migrations');
  return git('rev-parse', '--verify', '--quiet', `${last}^`).catch(() => null);
}

/** The program as of a commit or tag, in an empty folder. @throws Error where this clone has none of that name */
export async function checkOut(version: string, folder: string): Promise<void> {
  const archive = join(folder, 'version.tar');
  await git('archive', '--output', archive, version, 'src', 'views', 'public', 'package.json', 'tsconfig.json');
  await promisify(execFile)('tar', ['-xf', archive, '-C', folder]);
  await symlink(resolve('node_modules'), join(folder, 'node_modules'));
}
