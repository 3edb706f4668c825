import type { Knex } from 'knex';
import type { Databases, DatabaseUrls } from '../db/connect.ts';
import { auditedText } from '../stats/rollups/audited.ts';
import { type Coverage, readCoverage } from '../stats/rollups/coverage.ts';
import { type BarChart, barChart } from '../tables/bar-chart.ts';
import type { Table } from '../tables/table.ts';
import type { Format } from '../units/format.ts';
import { handled } from '../units/promises/handled.ts';
import { compareInstants, HOUR, type Instant, instantAt, instantFromPostgres, startOfHour } from '../units/time.ts';
import { checkDatabases } from './checked.ts';
import type { Finding } from './checks.ts';
import {
  jobLines,
  type Process,
  readAlertSeconds,
  readFailures,
  readProcesses,
  readSlowRequests,
  readTableSizes,
} from './read.ts';
import { LOOKBACKS, readHourlyTimes, readRouteTimes } from './response-times.ts';
import { type ServiceLevel, serviceLevels } from './service-levels.ts';
import { failureTable, jobTable, processTable, routeTable, sizeTable, slowTable } from './tables.ts';

/** What stands or falls alone. */
type Part<T> = { ok: true; value: T } | { ok: false; message: string };
export type AsPart = <T>(read: () => Promise<T>) => Promise<Part<T>>;

const MOST_SLOW = 25;
const MOST_TABLES = 12;

/** A part of the page; null where there is nothing yet, and `empty` says so. */
type Section = { id: string; title: string; note: string; empty: string; table: Part<Table | null> };

export type SystemView = {
  levels: Part<ServiceLevel[]>;
  chart: Part<BarChart | null>;
  rollups: Part<string>;
  sections: Section[];
  /** Null where the databases are the embedded ones. */
  checked: Part<Finding[]> | null;
};

/** Pages that people wait for: neither forms that are sent, nor files, nor JSON, nor what is recomputed from raw rows, nor what only machines ask. */
const isPage = (route: string) =>
  route.startsWith('/') && !/^\/(api|assets|healthz|readyz|auth|system|ai-usage\/tie-out)|[.(]/.test(route);

async function readEvaluatedUntil(backoffice: Knex): Promise<Instant | null> {
  const row = await backoffice('rule_standings')
    .join('alert_rules', 'alert_rules.rule_id', 'rule_standings.rule_id')
    .whereNull('deleted_at')
    .min('evaluated_until AS until')
    .first<{ until: string | null }>();
  return row.until === null ? null : instantFromPostgres(row.until);
}

async function readLevels(
  backoffice: Knex,
  routes: ReturnType<typeof readRouteTimes>,
  at: Instant,
  format: Format,
): Promise<ServiceLevel[]> {
  const [{ pages }, told, evaluatedUntil, { auditedUntil }] = await Promise.all([
    routes,
    readAlertSeconds(backoffice, at),
    readEvaluatedUntil(backoffice),
    readCoverage(backoffice),
  ]);
  return serviceLevels({ pages, told, evaluatedUntil, auditedUntil, at }, format);
}

/** How long 95 % of an hour's requests took at most, hour by hour; those in which a version ran for the first time are marked. */
function hourlyChart(
  hourly: Map<Instant, number | null>,
  processes: Process[],
  at: Instant,
  format: Format,
): BarChart | null {
  if (hourly.size === 0) return null;
  const firstStarts = new Map<string, Instant>();
  for (const { version, commit, startedAt } of processes) {
    const known = firstStarts.get(`${version} ${commit}`);
    if (known === undefined || startedAt < known) firstStarts.set(`${version} ${commit}`, startedAt);
  }
  const marked = new Set([...firstStarts.values()].map(startOfHour));
  const last = startOfHour(at);
  const hours = Array.from({ length: Number(LOOKBACKS.week / HOUR) }, (_, i) =>
    instantAt(last - BigInt(Number(LOOKBACKS.week / HOUR) - 1 - i) * HOUR),
  );
  const bars = hours.map((hour) => ({
    ...{ label: format.minute(hour), axisLabel: format.minute(hour), value: hourly.get(hour) ?? 0 },
    marked: marked.has(hour),
  }));
  const slowest = [...hourly].sort(([, a], [, b]) => (b ?? 0) - (a ?? 0))[0] as [Instant, number];
  const versions = [...firstStarts]
    .sort(([, a], [, b]) => compareInstants(a, b))
    .map(([, start]) => format.minute(start));
  const ms = (value: number) => `${format.integer(Math.round(value))} ms`;
  return barChart(bars, {
    limit: null,
    say: ms,
    text:
      `95 % of requests, hour by hour of the last 7 days: the slowest hour began ${format.minute(slowest[0])}, with ${ms(slowest[1])}. ` +
      `A new version started ${versions.join(', ') || 'never'}.`,
  });
}

function rollupsText(coverage: Coverage, format: Format): string {
  const { coveredUntil, version } = coverage;
  if (coveredUntil === null) return 'The rollups have not been begun.';
  const audit = auditedText(coverage, format) ?? 'the first audit is under way';
  return `The rollups hold every hour until ${format.minute(coveredUntil)}, ${audit}; written ${format.integer(Number(version))} times.`;
}

const orNothing = <T>(lines: T[], tableOf: (lines: T[], format: Format) => Table, format: Format): Table | null =>
  lines.length === 0 ? null : tableOf(lines, format);

async function readSizes(
  title: string,
  database: Knex,
  format: Format,
): Promise<Pick<Section, 'note'> & { table: Table | null }> {
  const { version, bytes, tables } = await readTableSizes(database, MOST_TABLES);
  const size = format.integer(Math.round(bytes / 1_000_000));
  return {
    note: `PostgreSQL ${version}, ${size} MB in all; its ${MOST_TABLES} largest tables.`,
    table: orNothing(tables, (lines) => sizeTable(title, lines, format), format),
  };
}

/** Everything that the page shows, each part of which may fail alone. */
export async function readSystem(
  databases: Databases,
  urls: DatabaseUrls | null,
  format: Format,
  at: Instant,
  part: AsPart,
): Promise<SystemView> {
  const { backoffice } = databases;
  const processes = handled(readProcesses(backoffice, at));
  const routes = handled(readRouteTimes(backoffice, at, isPage));
  const section = async (about: Omit<Section, 'table'>, read: () => Promise<Table | null>): Promise<Section> => ({
    ...about,
    table: await part(read),
  });
  const sizes = async (title: string, database: Knex): Promise<Section> => {
    const found = await part(() => readSizes(title, database, format));
    const about = { id: title, title, empty: 'It has no tables.' };
    return found.ok
      ? { ...about, note: found.value.note, table: { ok: true, value: found.value.table } }
      : { ...about, note: '', table: found };
  };
  const [levels, chart, rollups, checked, ...sections] = await Promise.all([
    part(() => readLevels(backoffice, routes, at, format)),
    part(() =>
      Promise.all([readHourlyTimes(backoffice, at), processes]).then(([hourly, all]) =>
        hourlyChart(hourly, all, at, format),
      ),
    ),
    part(() => readCoverage(backoffice).then((coverage) => rollupsText(coverage, format))),
    urls === null ? null : part(() => checkDatabases(databases, urls, format.timeZone)),
    section(
      {
        ...{
          id: 'routes',
          title: 'Response times by route',
          empty: 'No request has been written down yet: each minute is.',
        },
        note: 'In milliseconds, within a fifth: half of the requests took p50 or less, 95 of 100 took p95 or less, 99 of 100 took p99 or less.',
      },
      () => routes.then((found) => orNothing(found.routes, routeTable, format)),
    ),
    section(
      {
        ...{ id: 'slow', title: 'Slowest requests', empty: 'None has been written down yet.' },
        note: `The ${MOST_SLOW} slowest of the last 7 days, and where their time went, in milliseconds.`,
      },
      () => readSlowRequests(backoffice, at, MOST_SLOW).then((lines) => orNothing(lines, slowTable, format)),
    ),
    section(
      {
        ...{ id: 'errors', title: 'Errors', empty: 'None was logged in the last 7 days.' },
        note: 'What was logged as an error in the last 7 days, by kind.',
      },
      () => readFailures(backoffice, at).then((lines) => orNothing(lines, failureTable, format)),
    ),
    section(
      {
        ...{ id: 'jobs', title: 'Jobs', empty: 'No process has said what it does: each does once a minute.' },
        note: 'What is done by the clock, in whichever process.',
      },
      () => processes.then((all) => orNothing(jobLines(all), jobTable, format)),
    ),
    section(
      {
        ...{ id: 'processes', title: 'Processes', empty: 'None has said that it is there: each does once a minute.' },
        note: 'Those of the last 7 days, as each said of itself last.',
      },
      () => processes.then((all) => orNothing(all, processTable, format)),
    ),
    sizes('workflows_db', databases.workflows),
    sizes('backoffice_db', backoffice),
  ]);
  return { levels, chart, rollups, checked, sections };
}
