import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePort } from '../ports.ts';
import { type BrowserWindow, clickAt, firstOf, household, keysOf } from './window.ts';

const DRIVER = ['/usr/bin/WebKitWebDriver'];
const SCREEN = ['/usr/bin/Xvfb'];
const LIBRARIES = ['/usr/lib/x86_64-linux-gnu', '/usr/lib/aarch64-linux-gnu'];
const BROWSER = LIBRARIES.flatMap((folder) =>
  ['4.1', '4.0', '6.0'].map((version) => `${folder}/webkit2gtk-${version}/MiniBrowser`),
);

/** The buttons of the browser's own bar keep its window at least 447 pixels wide, which a telephone is not. */
const NARROW_BAR = '* { min-width: 0; min-height: 0; margin: 0; padding: 0; font-size: 1px; }';

/** A window of WebKitGTK's small browser, by WebDriver, on a screen that nobody sees (W3C WebDriver). */
export async function openWebkit(): Promise<BrowserWindow | { missing: string }> {
  const [driver, screen, browser] = [DRIVER, SCREEN, BROWSER].map(firstOf);
  if (!driver || !browser) return { missing: 'webkit2gtk-driver' };
  if (!screen) return { missing: 'xvfb' };
  const { home, start, end } = await household();
  await mkdir(join(home, '.config/gtk-3.0'), { recursive: true });
  await writeFile(join(home, '.config/gtk-3.0/gtk.css'), NARROW_BAR);
  await writeFile(join(home, '.config/user-dirs.dirs'), `XDG_DOWNLOAD_DIR="${home}"\n`);

  // The first free number of a screen, which is said once it is there.
  const display = await start(
    screen,
    ['-displayfd', '1', '-screen', '0', '2000x1200x24', '-nolisten', 'tcp'],
    {},
    /^(\d+)\n/,
  );
  const port = await freePort();
  const driverEnded = start(driver, [`--port=${port}`], { DISPLAY: `:${display}`, GTK_A11Y: 'none' }, /(?!)/);

  const ask = async <T>(method: string, path: string, body?: object): Promise<T> => {
    const response = await fetch(`http://127.0.0.1:${port}${path}`, {
      method,
      ...(body ? { body: JSON.stringify(body) } : {}),
    });
    const { value } = (await response.json()) as { value: T };
    if (response.ok) return value;
    const { error, message } = value as { error: string; message: string };
    throw new Error(`${path}: ${error}: ${message}`);
  };
  await Promise.race([driverEnded, untilListening(() => ask('GET', '/status'))]);
  driverEnded.catch(() => {});

  const { sessionId } = await ask<{ sessionId: string }>('POST', '/session', {
    capabilities: { alwaysMatch: { 'webkitgtk:browserOptions': { binary: browser, args: ['--automation'] } } },
  });
  const session = `/session/${sessionId}`;
  const read = async (expression: string) => {
    const value = await ask<string | null>('POST', `${session}/execute/sync`, {
      script: `return JSON.stringify(${expression})`,
      args: [],
    });
    return value === null ? undefined : JSON.parse(value);
  };
  return {
    go: (url) => ask('POST', `${session}/url`, { url }),
    back: () => ask('POST', `${session}/back`, {}),
    read,
    press: (x, y) => ask('POST', `${session}/actions`, { actions: clickAt(x, y) }),
    type: (text) => ask('POST', `${session}/actions`, { actions: keysOf(text) }),
    resize: async (width, height) => {
      await ask('POST', `${session}/window/rect`, { width, height });
      for (let tries = 0; (await read('innerWidth')) !== width; tries++) {
        if (tries === 200) throw new Error(`the window stays ${await read('innerWidth')} pixels wide`);
        await sleep(20);
      }
    },
    picture: () => ask('GET', `${session}/screenshot`),
    downloads: home,
    close: async () => {
      await ask('DELETE', session).catch(() => {});
      await end();
    },
  };
}

async function untilListening(ask: () => Promise<unknown>): Promise<void> {
  for (;;) {
    try {
      await ask();
      return;
    } catch {
      await sleep(20);
    }
  }
}
