import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { commandLine } from './command-line.ts';
import { type Program, startProgram } from './program.ts';

export const ADDRESS = /^Mythoria Admin · AI Usage: (http:\/\/localhost:\d+)$/;

/** What a describe starts in a folder of its own, both of which end with it; what it starts otherwise it puts among `programs`. */
export function inOwnFolder() {
  let folder: string;
  const programs: Program[] = [];

  /** As a container starts it: node itself, from another folder. */
  async function start(settings: Record<string, string>): Promise<Program> {
    const program = startProgram(process.execPath, await commandLine('src/server.ts'), { settings, cwd: folder });
    programs.push(program);
    return program;
  }

  /** Starts it where it cannot run, and returns what it said. */
  async function refusal(settings: Record<string, string>): Promise<string[]> {
    const program = await start(settings);
    assert.equal(await program.exitCode, 1);
    assert.deepEqual(program.lines.out, []);
    return program.lines.err;
  }

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'mythoria-admin-program-'));
  });

  after(async () => {
    for (const program of programs) program.signal('SIGKILL');
    await Promise.all(programs.map(({ exitCode }) => exitCode));
    await rm(folder, { recursive: true, force: true, maxRetries: 10 });
  });

  return { start, refusal, programs, inFolder: (...names: string[]) => join(folder, ...names) };
}
