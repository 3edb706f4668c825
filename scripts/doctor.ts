import { type Config, ConfigError, loadConfig } from '../src/config.ts';
import { closeDatabases, openDatabases } from '../src/db/connect.ts';
import { runningEmbedded } from '../src/db/embedded/embedded.ts';
import { checkDatabases } from '../src/system/checked.ts';
import type { Finding } from '../src/system/checks.ts';
import { command } from './command.ts';
import { AROUND } from './doctor/around.ts';

const DOCTOR = {
  name: 'doctor',
  does: `Checks the settings, each database as the server does at start, Google's addresses, the mail server and the disk; says what
to do, and changes nothing. Exits with 1 where something is to be done.`,
  example: '--json',
  options: { json: { type: 'boolean', help: 'print one JSON object: {"wrong": 0, "checks": [{"level", "text"}]}' } },
} as const;

await command(DOCTOR, async ({ json }) => {
  const checks = await everyFinding();
  const wrong = checks.filter(({ level }) => level === 'wrong').length;
  if (json) console.log(JSON.stringify({ wrong, checks }, null, 2));
  else for (const { level, text } of checks) console.log(`${level.padEnd(6)} ${text}`);
  if (wrong > 0) throw new Error(`${wrong} to be done`);
});

async function everyFinding(): Promise<Finding[]> {
  let config: Config;
  try {
    config = loadConfig();
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return error.problems.map((text) => ({ level: 'wrong', text }));
  }
  const doubts = config.doubts.map((text): Finding => ({ level: 'note', text }));
  const found = await Promise.all([ofDatabases(config), ...AROUND.map((check) => check(config))]);
  return [...doubts, { level: 'ok', text: 'the settings can be read' }, ...found.flat()];
}

async function ofDatabases({ databaseUrls, dataDir, timeZone }: Config): Promise<Finding[]> {
  const running = databaseUrls ? null : await runningEmbedded(dataDir);
  if (running)
    return [{ level: 'ok', text: 'no database is configured, and a server of this folder runs with its own' }];
  if (databaseUrls === null) return [{ level: 'ok', text: 'no database is configured: the server starts its own' }];
  const databases = openDatabases(databaseUrls);
  try {
    return await checkDatabases(databases, databaseUrls, timeZone);
  } finally {
    await closeDatabases(databases);
  }
}
