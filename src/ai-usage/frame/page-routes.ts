import express, { type Request, type Response, type Router } from 'express';
import type { Logger } from 'pino';
import { readNames } from '../../catalog/names.ts';
import { type Databases, MOST_RECOMPUTATIONS } from '../../db/connect.ts';
import { createLimit } from '../../export/limit.ts';
import { namedIn } from '../../query/filters/registry.ts';
import { OVERVIEW_PATH, RECORDS_PATH, TIE_OUT_PATH } from '../../query/paths.ts';
import {
  OF_A_LIST,
  OF_NUMBERS,
  PAGE_PARAMETERS,
  parseUsageQuery,
  recordsMeant,
  sameUrl,
  type UsageQuery,
  usageUrl,
  WHICH_PAGE,
} from '../../query/query.ts';
import type { Answer, UsageReader } from '../../stats/reader.ts';
import type { Format } from '../../units/format.ts';
import { handled } from '../../units/promises/handled.ts';
import { createShared } from '../../units/promises/shared.ts';
import { isoFromInstant, now, SECOND } from '../../units/time.ts';
import { goneSignal } from '../../web/download.ts';
import { TooMany } from '../../web/errors.ts';
import { pushAddress, wantsFragment } from '../../web/htmx.ts';
import { type Panel, panel } from '../../web/panel.ts';
import { type Address, notUnderstood, takes } from '../../web/parameters.ts';
import type { Render } from '../../web/render.ts';
import { recordsList } from '../records/records-list.ts';
import { tieOutOf } from '../tie-out/tie-out.ts';
import { recordsMenu } from './download-menu.ts';
import { filterBar, freshUrl, windowText } from './filter-bar.ts';
import { freshness } from './freshness.ts';
import { frozenNotes, frozenUrl } from './frozen.ts';
import { anySubject, type SubjectKind } from './subjects.ts';

export type PageDependencies = { databases: Databases; reader: UsageReader; render: Render; format: Format };

export const MOST_PER_PAGE = 200;

const left = (gone: AbortSignal) =>
  new Promise<void>((resolve) => {
    if (gone.aborted) resolve();
    else gone.addEventListener('abort', () => resolve());
  });

type Recomputed = Awaited<ReturnType<UsageReader['tieOut']>>;

const TOO_MANY_RECOMPUTATIONS =
  'Two other windows are being recomputed from raw rows, and more would slow down everybody. Each takes a minute at most: please try again in a minute.';

/** The list of records, and the overview recomputed. */
export function usagePages({ databases, reader, render, format }: PageDependencies): Router {
  const router = express.Router();
  const limits = { maxPageSize: MOST_PER_PAGE, timeZone: format.timeZone };
  const queryOf = ({ query }: Pick<Address, 'query'>) => parseUsageQuery(query, limits, now());
  const frame = pageFrame({ databases, reader, format });
  const recompute = createShared<Recomputed>();
  const place = createLimit({ each: MOST_RECOMPUTATIONS });
  const inPlace = async (gone: AbortSignal, work: () => Promise<Recomputed>) => {
    const taken = place('');
    if (typeof taken !== 'function') throw new TooMany(TOO_MANY_RECOMPUTATIONS, 60);
    // Whoever comes next waits for the connection, which is given back at once, and need not be told.
    gone.addEventListener('abort', taken);
    return work().finally(taken);
  };

  const sumsOnly = { unused: WHICH_PAGE, carried: [...OF_A_LIST, ...OF_NUMBERS], check: queryOf };
  router.get(TIE_OUT_PATH, takes(PAGE_PARAMETERS, sumsOnly), async (req, res) => {
    const asked = queryOf(req);
    // A few seconds ago, so that no transaction still under way falls between the two readings.
    const query =
      asked.pinned === null
        ? parseUsageQuery({ ...req.query, asOf: isoFromInstant(asked.asOf - 5n * SECOND) }, limits, now())
        : asked;
    const gone = goneSignal(res);
    const recomputed = handled(
      recompute(recordsMeant(asked), gone, (gone) => inPlace(gone, () => reader.tieOut(query, gone))),
    );
    // What was stopped because everybody has left is no failure, and nobody's answer.
    await Promise.race([recomputed.catch(() => {}), left(gone)]);
    if (gone.aborted) return;
    const answer = await panel(recomputed, req.log);
    const tieOut = answer.ok
      ? { ok: true, value: tieOutOf(answer.value.value.kept, answer.value.value.raw, format) }
      : answer;
    const data = {
      tieOut,
      // As it was answered: somebody may have asked a moment before.
      window: windowText(answer.ok ? answer.value.query : query, format),
      back: usageUrl(OVERVIEW_PATH, asked),
      retry: sameUrl(TIE_OUT_PATH, asked),
      // Its end is an instant only because a transaction might be under way.
      freshness: answer.ok ? freshness(answer.value, format, asked) : null,
    };
    render(req, res, { title: 'Recomputed', view: 'ai-usage/tie-out/tie-out', data });
  });

  router.get(RECORDS_PATH, takes(PAGE_PARAMETERS, { carried: OF_NUMBERS, check: queryOf }), async (req, res) => {
    const query = queryOf(req);
    if (shortened(req, res, RECORDS_PATH, query)) return;
    const answering = handled(panel(reader.records(query), req.log));
    const [answer, shared] = await Promise.all([answering, frame(RECORDS_PATH, query, answering, req.log)]);
    const ids = (key: 'authorId' | 'storyId') =>
      answer.ok ? [...new Set(answer.value.value.records.map((record) => record[key]))] : [];
    const names = await readNames(databases, { authors: ids('authorId'), stories: ids('storyId') });
    const list = answer.ok
      ? { ok: true, value: recordsList(RECORDS_PATH, answer.value.query, answer.value.value, names, format) }
      : answer;
    const total = answer.ok ? answer.value.value.total : null;
    const download =
      answer.ok && total ? recordsMenu(frozenUrl(RECORDS_PATH, answer.value.query, total), total, format) : null;
    const notes = [...shared.notes, ...(total ? frozenNotes(query, total, format) : [])];
    const data = { ...shared, notes, list, download, overview: usageUrl(OVERVIEW_PATH, query) };
    render(req, res, { title: 'Records', view: 'ai-usage/records/records', data });
  });

  return router;
}

/**
 * What pages with a filter bar share: the filters above, the notes, and the way out of an empty or failed answer. Read
 * beside the answer and not after it, so that a silent database is waited for once. `subject` is what the path names.
 */
export function pageFrame({ databases, reader, format }: Omit<PageDependencies, 'render'>) {
  return async (
    path: string,
    query: UsageQuery,
    answering: Promise<Panel<Answer<unknown>>>,
    log: Logger,
    subject: SubjectKind | null = null,
  ) => {
    const [names, dimensions, answer] = await Promise.all([
      readNames(databases, namedIn(query)),
      panel(reader.dimensions(), log),
      answering,
    ]);
    // As it was answered, but for what the path says already.
    const answered = answer.ok ? { ...answer.value.query, ...(subject ? anySubject(subject) : {}) } : query;
    return {
      bar: filterBar(path, answered, dimensions.ok ? dimensions.value : null, names, format, subject),
      notes: answer.ok ? notesOf(answer.value) : [],
      freshness: answer.ok ? freshness(answer.value, format) : null,
      fresh: freshUrl(path, query),
      retry: sameUrl(path, query),
    };
  };
}

/**
 * A form sends its empty fields too: the address bar gets the short address of the same view, but where the page has to say
 * what of the address it did not understand.
 */
export function shortened(req: Request, res: Response, path: string, query: UsageQuery): boolean {
  if (!Object.values(req.query).flat().includes('') || notUnderstood(req)) return false;
  const url = sameUrl(path, query);
  if (wantsFragment(req)) pushAddress(res, url);
  else res.redirect(302, url);
  return !wantsFragment(req);
}

function notesOf({ search }: Answer<unknown>): string[] {
  const notes: string[] = [];
  if (search.cut)
    notes.push('More than 200 names or titles match the search: only the first 200 of each are included.');
  if (!search.namesAvailable) {
    notes.push(
      'The names of authors and stories do not answer right now: the search looked at models, actions, ids and the names last seen.',
    );
  } else if (!search.namesGathered) {
    notes.push(
      'The names of authors and stories are still being gathered: until then they are found with the accents they have.',
    );
  }
  return notes;
}
