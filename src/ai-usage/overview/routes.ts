import express, { type Router } from 'express';
import { type Logger, pino } from 'pino';
import { personOf } from '../../auth/access/caller.ts';
import { named } from '../../measuring/account.ts';
import { OVERVIEW_PATH, RECORDS_PATH, TIE_OUT_PATH } from '../../query/paths.ts';
import {
  OF_A_LIST,
  OF_EXPLORE,
  OF_WHAT_IF,
  PAGE_PARAMETERS,
  parseUsageQuery,
  sameUrl,
  type UsageQuery,
  usageUrl,
  type ViewLinks,
  WHICH_PAGE,
} from '../../query/query.ts';
import { BREAKDOWNS_BESIDE } from '../../query/view.ts';
import { readNotesOf } from '../../stats/notes/notes-of.ts';
import { recordedOf } from '../../stats/pricing/repriced.ts';
import type { UsageReader } from '../../stats/reader.ts';
import { noNumberNotes, oddTimesNotes } from '../../stats/records/odd-values.ts';
import { handled } from '../../units/promises/handled.ts';
import { type Instant, now } from '../../units/time.ts';
import { type Panel, panel } from '../../web/panel.ts';
import { type Address, takes } from '../../web/parameters.ts';
import { type Counted, comparisonBar } from '../breakdowns/compare.ts';
import { readCompared } from '../breakdowns/counted.ts';
import { bucketSizeOf } from '../chart/buckets.ts';
import { readDaysBefore } from '../chart/unusual.ts';
import { tablesMenu } from '../frame/download-menu.ts';
import { frozenNotes, frozenUrl } from '../frame/frozen.ts';
import { type PageDependencies, pageFrame, shortened } from '../frame/page-routes.ts';
import { pageLimits, type UsageSources } from '../frame/sources.ts';
import { notesOnChart } from '../notes/shown.ts';
import { REPRICED_PATH } from '../repriced/export.ts';
import { repricedLine } from '../repriced/sentence.ts';
import { UNIT_COSTS_PATH } from '../unit-costs/export.ts';
import { readStarred } from '../views/store.ts';
import { besideTabs } from './beside.ts';
import { OVERVIEW_EXPORT } from './export.ts';
import { PANELS } from './panels.ts';
import { readBudgetsOf, readUsedUp, usedUpNotes } from './used-up.ts';

/** The others are on their page. */
const MOST_STARRED_SHOWN = 6;

/** What the overview says: its panels are read at once, each stands or falls alone, and all count until the same instant. */
function overviewOf({ databases, reader, format }: UsageSources) {
  const { timeZone } = format;
  const frame = pageFrame({ databases, reader, format });

  /** All of it of one state of the rollups. */
  return async (reader: UsageReader, asked: UsageQuery, at: Instant, log: Logger) => {
    const query = await reader.recent(asked);
    const fixed = { ...query, pinned: query.asOf };
    const links: ViewLinks = {
      here: (change) => usageUrl(OVERVIEW_PATH, query, change),
      records: (change) => usageUrl(RECORDS_PATH, query, change),
    };
    const size = bucketSizeOf(query);

    const earliest = handled(panel(reader.earliest(), log));
    const answering = handled(reader.stats(fixed, size));
    const comparing = handled(panel(readCompared(reader, fixed, size, timeZone), log));
    const counting = async (): Promise<Counted> => {
      const [{ value: stats }, compared] = await Promise.all([answering, comparing]);
      return { stats, compared: compared.ok ? compared.value : null };
    };
    const counted = handled(counting());
    const answered = handled(
      panel(
        answering.then((answer) => ({ ...answer, query })),
        log,
      ),
    );
    // Budgets are of now.
    const haveBudgets = asked.pinned === null;
    const budgets = handled(haveBudgets ? readBudgetsOf(databases.backoffice, fixed) : Promise.resolve([]));
    const usingUp = async () => usedUpNotes(await readUsedUp(reader, await budgets, fixed, timeZone), format);
    const marking = async () => {
      const used = await panel(usingUp(), log);
      return used.ok ? { notes: used.value, failed: null } : { notes: [], failed: used.message };
    };
    const marked = handled(marking());
    const noting = async () => {
      const said = await panel(readNotesOf(databases.backoffice, query, format), log);
      return said.ok
        ? { notes: notesOnChart(said.value, query, format), failed: null }
        : { notes: [], failed: said.message };
    };
    const noted = handled(noting());
    const lookingBack = async () => {
      const read = await panel(readDaysBefore(reader, fixed, timeZone), log);
      return read.ok ? { costs: read.value, failed: null } : { costs: new Map(), failed: read.message };
    };
    const daysBefore = handled(lookingBack());
    const sources = {
      reader,
      databases,
      format,
      query: fixed,
      asked: query,
      counted,
      budgets,
      marked,
      noted,
      daysBefore,
      links,
    };
    const [panels, stats, compared, first, odd, repriced, shared] = await Promise.all([
      Promise.all(
        PANELS.map(async ({ name, view, read }) => ({
          ...{ name, view: view.replace(/[^/]+$/, '_$&') },
          ...(await timed(read(sources), log)),
        })),
      ),
      answered,
      comparing,
      earliest,
      panel(reader.oddTimes(at), log),
      panel(repricedLine(reader, fixed, format), log),
      frame(OVERVIEW_PATH, query, answered, log),
    ]);
    const total = stats.ok ? stats.value.value.total : null;
    const isEmpty = total?.requests === 0;
    return {
      ...shared,
      title: shared.titled(total?.cost ?? null, 'AI usage'),
      notes: [...shared.notes, ...(total ? frozenNotes(query, total, format) : [])],
      // Nothing has parts where there is nothing.
      panels: panels.filter((one, i) => i === 0 || (!isEmpty && !(one.ok && one.value === null))),
      tabs: besideTabs(query, links),
      comparison: comparisonBar(query, first.ok ? first.value : null, links, format),
      odd: [
        ...(odd.ok ? oddTimesNotes(odd.value, query, at, format) : []),
        ...noNumberNotes(stats.ok ? recordedOf(stats.value.value).noNumber : 0, links, format),
      ],
      repriced:
        repriced.ok && repriced.value
          ? { text: repriced.value, href: usageUrl(REPRICED_PATH, query), show: links.here({ cost: 'repriced' }) }
          : null,
      unitCosts: isEmpty ? null : usageUrl(UNIT_COSTS_PATH, query),
      repricedFailed: repriced.ok ? null : repriced.message,
      comparisonFailed: compared.ok ? null : compared.message,
      download: total ? tablesMenu(OVERVIEW_EXPORT, frozenUrl(OVERVIEW_PATH, query, total), total, format) : null,
      records: links.records({}),
      recompute: sameUrl(TIE_OUT_PATH, query),
      debug: query.debug,
    };
  };
}

export function overviewPage({ databases, reader, render, format }: PageDependencies): Router {
  const router = express.Router();
  const limits = pageLimits(format);
  const overview = overviewOf({ databases, reader, format });

  const check = ({ query }: Pick<Address, 'query'>) => parseUsageQuery(query, limits, now());
  const taken = takes(PAGE_PARAMETERS, {
    unused: WHICH_PAGE,
    carried: [...OF_A_LIST, ...OF_EXPLORE, ...OF_WHAT_IF],
    check,
  });
  router.get(OVERVIEW_PATH, taken, async (req, res) => {
    const at = now();
    const asked = parseUsageQuery(req.query, limits, at);
    if (shortened(req, res, OVERVIEW_PATH, asked)) return;
    const { sub } = personOf(req);
    const [data, starred] = await Promise.all([
      reader.ofOneState((reader) => overview(reader, asked, at, req.log)),
      panel(readStarred(databases.backoffice, sub, MOST_STARRED_SHOWN), req.log),
    ]);
    const address = usageUrl(OVERVIEW_PATH, asked);
    const views = starred.ok ? starred.value.map((view) => ({ ...view, current: view.address === address })) : [];
    render(req, res, { title: data.title, view: 'ai-usage/overview/overview', data: { ...data, starred: views } });
  });

  return router;
}

/** What fails of a page that nobody asked for is told when somebody does. */
const NOBODY_READS_IT = pino({ level: 'silent' });

/** In the order in which somebody is likely to ask. */
const PERIODS = ['30d', '90d', 'all'];

/**
 * Reads what the first person would ask for, so that they do not wait for it: the overviews of three periods, with each of what stands
 * beside. One after the other, kept within the budget of memory as all that is read, and over when the last is answered, however
 * many records there are. Not where the rollups are not all there: what is read raw is not kept. Returns how long it took, in
 * milliseconds; null where it did not come to its end.
 */
export const readOverviewsAhead = (sources: UsageSources, isStopping: () => boolean): Promise<number | null> =>
  named('warm-up', async () => {
    const begun = performance.now();
    const { reader, format } = sources;
    const overview = overviewOf(sources);
    for (const period of PERIODS) {
      for (const breakdown of BREAKDOWNS_BESIDE) {
        const query = parseUsageQuery({ period, breakdown }, pageLimits(format), now());
        const { isOfSource, built } = await reader.stats(query, 'day');
        if (!isOfSource || built !== null || isStopping()) return null;
        await reader.ofOneState((reader) => overview(reader, query, now(), NOBODY_READS_IT));
      }
    }
    return performance.now() - begun;
  });

/** A panel and how long it took, in whole milliseconds. */
async function timed<T>(work: Promise<T>, log: Logger): Promise<Panel<T> & { milliseconds: number }> {
  const begin = performance.now();
  const read = await panel(work, log);
  return { ...read, milliseconds: Math.round(performance.now() - begin) };
}
