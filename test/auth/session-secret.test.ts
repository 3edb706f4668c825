import assert from 'node:assert/strict';
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { keptSessionSecret } from '../../src/auth/session-secret.ts';

describe('the session secret that makes itself', () => {
  let folder: string;
  let path: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'mythoria-admin-secret-'));
    path = join(folder, 'data', 'session-secret');
  });
  afterEach(() => rm(folder, { recursive: true }));

  const keep = async (text: string, mode: number) => {
    await mkdir(join(folder, 'data'), { recursive: true });
    await writeFile(path, text);
    await chmod(path, mode);
  };
  const made = () => keptSessionSecret(join(folder, 'data'));

  it('is made once, for its owner alone, and is the same from then on', async () => {
    const secret = await made();
    assert.equal(Buffer.from(secret, 'base64url').length, 32);
    assert.equal((await stat(path)).mode & 0o777, 0o600);
    assert.deepEqual(await readdir(join(folder, 'data')), ['session-secret']);
    assert.equal(await made(), secret);
    await writeFile(path, `${secret}\n`);
    assert.equal(await made(), secret, 'an editor adds a line end');
  });

  it('is not one that can be guessed: a start says so and what to do, and changes nothing', async () => {
    for (const short of ['', '\n', 'x', 'x'.repeat(31), ' '.repeat(40)]) {
      await keep(short, 0o600);
      await assert.rejects(made(), /session-secret has \d+ characters, which is too short.*: delete it/);
      assert.equal(await readFile(path, 'utf8'), short);
    }
    await keep('x'.repeat(32), 0o600);
    assert.equal(await made(), 'x'.repeat(32));
  });

  it('is not one that others can read or change', async () => {
    for (const mode of [0o644, 0o640, 0o660, 0o666, 0o777, 0o602, 0o610]) {
      await keep('x'.repeat(43), mode);
      await assert.rejects(made(), new RegExp(`others \\(mode ${mode.toString(8)}\\): delete it`));
    }
    for (const mode of [0o600, 0o400, 0o700]) {
      await keep('x'.repeat(43), mode);
      assert.equal(await made(), 'x'.repeat(43));
    }
  });

  it('is not made where something else has its name', async () => {
    await mkdir(path, { recursive: true });
    await assert.rejects(made(), /session-secret cannot be read: EISDIR/);
  });
});
