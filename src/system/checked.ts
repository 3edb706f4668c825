import pg from 'pg';
import { type Databases, type DatabaseUrls, MOST_CONNECTIONS } from '../db/connect.ts';
import { configuredDatabases, connectionProblem } from '../db/start-check.ts';
import { reasonOf } from '../units/failures/reason.ts';
import { isLoopback } from '../units/input/hosts.ts';
import { CHECKS, type Checked, type Finding, type Name } from './checks.ts';

function serverOf(url: string): string {
  const { host, port } = new pg.Client({ connectionString: url });
  return `${host}:${port}`;
}

/** A path is a socket's folder. */
function isHere(url: string | null): boolean {
  const { host } = new pg.Client({ connectionString: url ?? '' });
  return isLoopback(host) || host.startsWith('/');
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
export async function checkDatabases(databases: Databases, urls: DatabaseUrls, timeZone: string): Promise<Finding[]> {
  const lines: Finding[] = [];
  const answering: Checked = {
    ...{ workflows: null, backoffice: null, mythoria: null, timeZone },
    ...{ all: perServer(urls), isHere: (name) => isHere(urls[name]) },
  };
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
