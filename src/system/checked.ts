import pg from 'pg';
import { type Databases, type DatabaseUrls, MOST_CONNECTIONS } from '../db/connect.ts';
import { configuredDatabases, connectionProblem } from '../db/start-check.ts';
import { reasonOf } from '../units/failures/reason.ts';
import { CHECKS, type Checked, type Name } from './checks.ts';

/** `ok`: what is so; `note`: works, and somebody may want it so; `wrong`: something is to be done. */
export type Line = { level: 'ok' | 'note' | 'wrong'; text: string };

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

/** Checks each database as the server does at start, and changes nothing. */
export async function checkDatabases(databases: Databases, urls: DatabaseUrls): Promise<Line[]> {
  const lines: Line[] = [];
  const answering: Checked = { workflows: null, backoffice: null, mythoria: null, all: perServer(urls) };
  for (const one of configuredDatabases(databases, urls)) {
    const problem = await connectionProblem(one);
    if (problem === null) {
      const text = `${one.name} answers at ${serverOf(one.url)}, with the settings that a connection needs`;
      lines.push({ level: 'ok', text });
      answering[one.name.replace(/_db$/, '') as Name] = one.database;
    } else {
      lines.push({ level: 'wrong', text: `${one.name}: ${problem.message}` });
    }
  }
  if (databases.mythoria === null)
    lines.push({ level: 'note', text: 'mythoria_db is not configured: short ids stand for names' });
  for (const { of, is, run } of CHECKS) {
    const database = answering[of];
    if (database === null) continue;
    const findings = await run(database, answering).catch((error) => [
      { level: 'wrong' as const, text: `cannot be checked whether it ${is}: ${reasonOf(error)}` },
    ]);
    if (findings.length === 0) lines.push({ level: 'ok', text: `${of}_db ${is}` });
    for (const { level, text } of findings) lines.push({ level, text: `${of}_db: ${text}` });
  }
  return lines;
}
