import { type Config, loadConfig } from '../src/config.ts';
import { closeDatabases, openDatabases } from '../src/db/connect.ts';
import { runningEmbedded } from '../src/db/embedded/embedded.ts';
import { checkDatabases, type Line } from '../src/system/checked.ts';
import { command } from './command.ts';

const DOCTOR = {
  name: 'doctor',
  does: 'Checks the settings and each database as the server does at start, says what to do, and changes nothing.',
  example: '',
  options: {},
};

await command(DOCTOR, async () => {
  const config = loadConfig();
  for (const doubt of config.doubts) say({ level: 'note', text: doubt });
  say({ level: 'ok', text: 'the settings can be read' });
  const lines = await examine(config);
  for (const line of lines) say(line);
  const wrong = lines.filter(({ level }) => level === 'wrong').length;
  if (wrong > 0) throw new Error(`${wrong} to be done`);
});

function say({ level, text }: Line): void {
  console.log(`${level.padEnd(6)} ${text}`);
}

async function examine({ databaseUrls, dataDir }: Config): Promise<Line[]> {
  const running = databaseUrls ? null : await runningEmbedded(dataDir);
  if (running)
    return [{ level: 'ok', text: 'no database is configured, and a server of this folder runs with its own' }];
  if (databaseUrls === null) return [{ level: 'ok', text: 'no database is configured: the server starts its own' }];
  const databases = openDatabases(databaseUrls);
  try {
    return await checkDatabases(databases, databaseUrls);
  } finally {
    await closeDatabases(databases);
  }
}
