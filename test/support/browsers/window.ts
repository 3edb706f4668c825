import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

/** What one does with a browser's window: address bar, Back, mouse, its edges; and what can be read of its page. */
export type BrowserWindow = {
  go: (address: string) => Promise<void>;
  back: () => Promise<void>;
  /** The value of an expression in the page, which JSON can hold. */
  read: (expression: string) => Promise<unknown>;
  press: (x: number, y: number) => Promise<void>;
  type: (text: string) => Promise<void>;
  /** Makes the page this wide, in its own pixels. */
  resize: (width: number, height: number) => Promise<void>;
  /** As a PNG in base64. */
  picture: () => Promise<string>;
  /** The folder that downloads go to. */
  downloads: string;
  close: () => Promise<void>;
};

/** Opens a window of one browser, or says which program is missing. */
export type OpenWindow = () => Promise<BrowserWindow | { missing: string }>;

/** The first of these programs that exists. */
export const firstOf = (paths: string[]): string | undefined => paths.find(existsSync);

/** The actions of a click and of typing: WebDriver's and WebDriver BiDi's are the same (W3C WebDriver, section 15). */
export const clickAt = (x: number, y: number) => [
  {
    type: 'pointer',
    id: 'mouse',
    parameters: { pointerType: 'mouse' },
    actions: [
      { type: 'pointerMove', x: Math.round(x), y: Math.round(y) },
      { type: 'pointerDown', button: 0 },
      { type: 'pointerUp', button: 0 },
    ],
  },
];
export const keysOf = (text: string) => [
  {
    type: 'key',
    id: 'keyboard',
    actions: Array.from(text).flatMap((value) => [
      { type: 'keyDown', value },
      { type: 'keyUp', value },
    ]),
  },
];

/** Programs with a home of their own, that are gone when they are ended. */
export async function household() {
  const home = await mkdtemp(join(tmpdir(), 'browser-'));
  const started: ChildProcess[] = [];
  return {
    home,
    /** Starts a program and resolves with what its output says once that matches, or rejects when it ends without. */
    start(program: string, args: string[], variables: Record<string, string>, ready: RegExp): Promise<string> {
      const child = spawn(program, args, {
        env: { PATH: process.env.PATH, HOME: home, LANG: 'C.UTF-8', ...variables },
        stdio: ['ignore', 'pipe', 'pipe'],
      });
      started.push(child);
      return new Promise((resolve, reject) => {
        let output = '';
        const hear = (chunk: Buffer) => {
          output = (output + chunk.toString()).slice(-10_000);
          const said = ready.exec(output);
          if (said) resolve(said[1] ?? '');
        };
        child.stdout.on('data', hear);
        child.stderr.on('data', hear);
        child.on('error', reject);
        child.on('exit', (code) => reject(new Error(`${program} ended with ${code}: ${output}`)));
      });
    },
    async end(): Promise<void> {
      for (const child of started.reverse()) {
        if (child.exitCode !== null || child.signalCode !== null) continue;
        const ended = new Promise((resolve) => child.on('exit', resolve));
        child.kill();
        const late = setTimeout(() => child.kill('SIGKILL'), 5_000);
        await ended;
        clearTimeout(late);
      }
      await rm(home, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}

const READ_EVERY_MS = 20;
const WITHIN_MS = 10_000;

/** Waits until an expression is true of the page, which may be on its way from one address to the next. */
export async function until(window: BrowserWindow, expression: string): Promise<void> {
  const end = performance.now() + WITHIN_MS;
  for (;;) {
    const result = await window.read(`Boolean(${expression})`).catch((error: Error) => error.message);
    if (result === true) return;
    if (performance.now() > end) throw new Error(`never true: ${expression} (${result})`);
    await sleep(READ_EVERY_MS);
  }
}

const SEEN = `(element) => element.checkVisibility() && element.getClientRects().length > 0`;

/** Clicks in the middle of the first element that one sees with these words, or with any where none are given. */
export async function click(window: BrowserWindow, selector: string, words = ''): Promise<void> {
  const found = `[...document.querySelectorAll(${JSON.stringify(selector)})]
    .filter(${SEEN}).find((element) => element.textContent.trim().startsWith(${JSON.stringify(words)}))`;
  await until(window, `document.readyState === 'complete' && ${found}`);
  const [x, y] = (await window.read(`(() => {
    const element = ${found};
    element.scrollIntoView({ block: 'center', behavior: 'instant' });
    const [{ left, top, width, height }] = element.getClientRects();
    return [left + width / 2, top + height / 2];
  })()`)) as [number, number];
  await window.press(x, y);
}
