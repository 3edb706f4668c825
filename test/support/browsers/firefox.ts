import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import WebSocket from 'ws';
import { type BrowserWindow, clickAt, firstOf, household, keysOf } from './window.ts';

const PROGRAMS = [
  '/usr/bin/firefox-esr',
  '/usr/bin/firefox',
  '/snap/bin/firefox',
  '/Applications/Firefox.app/Contents/MacOS/firefox',
];

/** Downloads without asking where to, and no word to anybody else. */
const preferences = (downloads: string) =>
  Object.entries({
    'browser.download.dir': downloads,
    'browser.download.folderList': 2,
    'browser.download.always_ask_before_handling_new_types': false,
    'browser.download.alwaysOpenPanel': false,
    'browser.shell.checkDefaultBrowser': false,
    'browser.aboutwelcome.enabled': false,
    'browser.startup.page': 0,
    'dom.ipc.processPrelaunch.enabled': false,
    'fission.autostart': false,
    'datareporting.policy.dataSubmissionEnabled': false,
    'app.normandy.enabled': false,
    'network.captive-portal-service.enabled': false,
    'network.connectivity-service.enabled': false,
  })
    .map(([name, value]) => `user_pref(${JSON.stringify(name)}, ${JSON.stringify(value)});\n`)
    .join('');

/** A window of Firefox, by WebDriver BiDi, which it speaks without any program beside it (W3C WebDriver BiDi). */
export async function openFirefox(): Promise<BrowserWindow | { missing: string }> {
  const program = firstOf(PROGRAMS);
  if (!program) return { missing: 'firefox-esr' };
  const { home, start, end } = await household();
  await writeFile(join(home, 'user.js'), preferences(home));
  const address = await start(
    program,
    ['--headless', '--no-remote', '--profile', home, '--remote-debugging-port=0'],
    {},
    /WebDriver BiDi listening on (ws:\S+)/,
  );
  const socket = new WebSocket(`${address}/session`);
  await once(socket, 'open');

  type Answer = { id?: number; type: string; result: unknown; error?: string; message?: string };
  const asked = new Map<number, (answer: Answer) => void>();
  socket.on('message', (data) => {
    const answer = JSON.parse(String(data)) as Answer;
    asked.get(answer.id ?? 0)?.(answer);
    asked.delete(answer.id ?? 0);
  });
  let last = 0;
  const ask = async <T>(method: string, params: object = {}): Promise<T> => {
    last += 1;
    const answered = new Promise<Answer>((resolve) => asked.set(last, resolve));
    socket.send(JSON.stringify({ id: last, method, params }));
    const { type, result, error, message } = await answered;
    if (type === 'error') throw new Error(`${method}: ${error}: ${message}`);
    return result as T;
  };

  await ask('session.new', { capabilities: {} });
  const { contexts } = await ask<{ contexts: { context: string }[] }>('browsingContext.getTree');
  const context = contexts[0]?.context;
  return {
    go: (url) => ask('browsingContext.navigate', { context, url, wait: 'complete' }),
    back: () => ask('browsingContext.traverseHistory', { context, delta: -1 }),
    read: async (expression) => {
      const answer = await ask<{ type: string; result: { value?: string }; exceptionDetails?: { text: string } }>(
        'script.evaluate',
        { expression: `JSON.stringify(${expression})`, target: { context }, awaitPromise: false },
      );
      if (answer.exceptionDetails) throw new Error(answer.exceptionDetails.text);
      return answer.result.value === undefined ? undefined : JSON.parse(answer.result.value);
    },
    press: (x, y) => ask('input.performActions', { context, actions: clickAt(x, y) }),
    type: (text) => ask('input.performActions', { context, actions: keysOf(text) }),
    resize: (width, height) => ask('browsingContext.setViewport', { context, viewport: { width, height } }),
    picture: async () => (await ask<{ data: string }>('browsingContext.captureScreenshot', { context })).data,
    downloads: home,
    close: async () => {
      socket.close();
      await end();
    },
  };
}
