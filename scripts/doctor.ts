import pg from 'pg';
import { type Config, loadConfig } from '../src/config.ts';
import { closeDatabases, type DatabaseUrls, MOST_CONNECTIONS, openDatabases } from '../src/db/connect.ts';
import { runningEmbedded } from '../src/db/embedded/embedded.ts';
import { configuredDatabases, connectionProblem } from '../src/db/start-check.ts';
import { CHECKS, type Checked, type Name } from '../src/system/checks.ts';
import { reasonOf } from '../src/units/failures/reason.ts';
import { command } from './command.ts';

const DOCTOR = {
  name: 'doctor',
  does: 'Checks the settings and each database as the server does at start, says what to do, and changes nothing.',
  example: '',
  options: {},
};

await command(DOCTOR, async () => {
  const config = loadConfig();
  for (const doubt of config.doubts) say('note', doubt);
  say('ok', 'the settings can be read');
  const wrong = await examine(config);
  if (wrong > 0) throw new Error(`${wrong} to be done`);
});

function say(level: 'ok' | 'note' | 'wrong', text: string): void {
  console.log(`${level.padEnd(6)} ${text}`);
}

/** Returns how much is wrong. */
async function examine({ databaseUrls, dataDir }: Config): Promise<number> {
  const running = databaseUrls ? null : await runningEmbedded(dataDir);
  if (running) {
    say('ok', 'no database is configured, and a server of this folder runs with its own');
    return 0;
  }
  if (databaseUrls === null) {
    say('ok', 'no database is configured: the server starts its own');
    return 0;
  }
  const databases = openDatabases(databaseUrls);
  try {
    let wrong = 0;
    const answering: Checked = { workflows: null, backoffice: null, mythoria: null, all: perServer(databaseUrls) };
    for (const one of configuredDatabases(databases, databaseUrls)) {
      const problem = await connectionProblem(one);
      if (problem === null) {
        say('ok', `${one.name} answers at ${serverOf(one.url)}, with the settings that a connection needs`);
        answering[one.name.replace(/_db$/, '') as Name] = one.database;
      } else {
        wrong += 1;
        say('wrong', `${one.name}: ${problem.message}`);
      }
    }
    if (databases.mythoria === null) say('note', 'mythoria_db is not configured: short ids stand for names');
    for (const { of, is, run } of CHECKS) {
      const database = answering[of];
      if (database === null) continue;
      const findings = await run(database, answering).catch((error) => [
        { level: 'wrong' as const, text: `cannot be checked whether it ${is}: ${reasonOf(error)}` },
      ]);
      if (findings.length === 0) say('ok', `${of}_db ${is}`);
      for (const { level, text } of findings) {
        if (level === 'wrong') wrong += 1;
        say(level, `${of}_db: ${text}`);
      }
    }
    return wrong;
  } finally {
    await closeDatabases(databases);
  }
}

function serverOf(url: string): string {
  const { host, port } = new pg.Client({ connectionString: url });
  return `${host}:${port}`;
}

/** How many connections a process has to the server of each database. */
function perServer(urls: DatabaseUrls): (name: Name) => number {
  const servers = (Object.keys(MOST_CONNECTIONS) as Name[]).flatMap((name) => {
    const url = urls[name];
    return url === null ? [] : [{ name, server: serverOf(url) }];
  });
  return (name) => {
    const own = servers.find((one) => one.name === name)?.server;
    return servers.filter(({ server }) => server === own).reduce((sum, one) => sum + MOST_CONNECTIONS[one.name], 0);
  };
}
