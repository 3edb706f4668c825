import { randomBytes } from 'node:crypto';
import { mkdir, readFile, rename, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** As long as a configured one has to be. */
const LEAST_CHARACTERS = 32;
const OTHERS = 0o077;

/**
 * The secret that makes itself once and stays in the data folder, so that a restart signs nobody out.
 * @throws Error in one line, with what to do, when what is there can be guessed or read by others
 */
export async function keptSessionSecret(dataDir: string): Promise<string> {
  const path = join(dataDir, 'session-secret');
  const anew = 'delete it, and a new one is made (everybody signs in again), or set SESSION_SECRET';
  try {
    const secret = (await readFile(path, 'utf8')).trim();
    if (secret.length < LEAST_CHARACTERS) {
      throw new Error(`${path} has ${secret.length} characters, which is too short to sign sessions with: ${anew}`);
    }
    const { mode } = await stat(path);
    // Windows has no such modes.
    if (process.platform !== 'win32' && mode & OTHERS) {
      const shown = (mode & 0o777).toString(8);
      throw new Error(`${path} can be read or changed by others (mode ${shown}): ${anew}`);
    }
    return secret;
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === undefined) throw error;
    if (code !== 'ENOENT') throw new Error(`${path} cannot be read: ${message}`);
  }
  await mkdir(dataDir, { recursive: true });
  const secret = randomBytes(32).toString('base64url');
  // Its name only when it is whole: half a secret would be taken for one at the next start.
  await writeFile(`${path}.partial`, secret, { mode: 0o600 });
  await rename(`${path}.partial`, path);
  return secret;
}
