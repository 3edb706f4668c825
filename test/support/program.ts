import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePort } from './ports.ts';

/** The program as a person starts it: a process group of its own, as a terminal's foreground is. */
export type Program = {
  child: ChildProcess;
  /** What it has printed, line by line. */
  lines: { out: string[]; err: string[] };
  exitCode: Promise<number | null>;
  /** Waits for a line that matches. @throws Error with the output when the program ends without one */
  line: (pattern: RegExp) => Promise<string>;
  /** To every process of the group, as the terminal does at Ctrl-C; nothing when all are gone. */
  signal: (signal: NodeJS.Signals) => void;
};

/** `cwd`: an empty folder unless given, which keeps the tester's own .env out. */
type Start = { settings: Record<string, string>; cwd?: string };

let folder: string | null = null;
function emptyFolder(): string {
  if (folder !== null) return folder;
  const made = mkdtempSync(join(tmpdir(), 'mythoria-admin-empty-'));
  process.once('exit', () => rmSync(made, { recursive: true, force: true }));
  folder = made;
  return made;
}

/** A checkout as `npm` sees one, without a .env: the folders and files of this one by links, some as copies of their own. */
export function linkCheckout(to: string, copies: string[] = []): void {
  for (const name of ['package.json', 'node_modules', 'src', 'views', 'public', 'tsconfig.json']) {
    if (copies.includes(name)) cpSync(name, join(to, name), { recursive: true });
    else symlinkSync(resolve(name), join(to, name));
  }
}

export function startProgram(command: string, args: string[], { settings, cwd = emptyFolder() }: Start): Program {
  const child = spawn(command, args, {
    cwd,
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { PATH: process.env.PATH, HOME: process.env.HOME, ...settings },
  });
  const text = { out: '', err: '' };
  child.stdout?.on('data', (chunk) => {
    text.out += chunk;
  });
  child.stderr?.on('data', (chunk) => {
    text.err += chunk;
  });
  const ended = once(child, 'close');
  let hasEnded = false;
  ended.then(() => {
    hasEnded = true;
  });
  const linesOf = (all: string) => all.split('\n').filter((line) => line !== '');
  return {
    child,
    lines: {
      get out() {
        return linesOf(text.out);
      },
      get err() {
        return linesOf(text.err);
      },
    },
    exitCode: ended.then(([code]) => code),
    line: async (pattern) => {
      for (;;) {
        const found = linesOf(text.out).find((line) => pattern.test(line));
        if (found !== undefined) return found;
        if (hasEnded) throw new Error(`no ${pattern} in:\n${text.out}${text.err}`);
        await sleep(50);
      }
    },
    signal: (signal) => {
      if (child.pid && isRunning(-child.pid)) process.kill(-child.pid, signal);
    },
  };
}

/** The server of a checkout on the databases given, once it listens. */
export async function startServer(
  checkout: string,
  { workflows, backoffice }: { workflows: string; backoffice: string },
): Promise<{ program: Program; origin: string }> {
  const port = await freePort();
  const program = startProgram(
    process.execPath,
    ['--import', import.meta.resolve('tsx'), join(checkout, 'src/server.ts')],
    { settings: { PORT: String(port), WORKFLOWS_DATABASE_URL: workflows, BACKOFFICE_DATABASE_URL: backoffice } },
  );
  try {
    await program.line(/^Mythoria Admin · AI Usage: /);
  } catch (error) {
    program.signal('SIGKILL');
    throw error;
  }
  return { program, origin: `http://localhost:${port}` };
}

export function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

/** Waits until a process is gone. */
export async function gone(pid: number): Promise<void> {
  while (isRunning(pid)) await sleep(50);
}
