import type { Request, Response } from 'express';
import type { Logger } from 'pino';
import { readNames } from '../../catalog/names.ts';
import { namedIn } from '../../query/filters/registry.ts';
import {
  OF_A_LIST,
  OF_NUMBERS,
  PAGE_PARAMETERS,
  parseUsageQuery,
  type QueryLimits,
  sameUrl,
  type UsageQuery,
  WHICH_PAGE,
} from '../../query/query.ts';
import { leftOutText } from '../../stats/pricing/left-out.ts';
import type { Unpriced } from '../../stats/pricing/repriced.ts';
import type { Answer } from '../../stats/source.ts';
import { NotFound } from '../../units/failures/not-found.ts';
import type { Format } from '../../units/format.ts';
import type { MicroEuros } from '../../units/money.ts';
import { now } from '../../units/time.ts';
import { pushAddress, wantsFragment } from '../../web/htmx.ts';
import { type Panel, panel } from '../../web/panel.ts';
import { type Address, notUnderstood, takes } from '../../web/parameters.ts';
import type { Render } from '../../web/render.ts';
import { type FilterBar, filterBar, freshUrl } from './filter-bar.ts';
import { freshness } from './freshness.ts';
import { wordsOf } from './period-bar.ts';
import type { UsageSources } from './sources.ts';
import { anySubject, narrowedTo, SUBJECTS, type SubjectKind } from './subjects.ts';

export type PageDependencies = UsageSources & { render: Render };

/**
 * What pages with a filter bar share: the filters above, the notes, and the way out of an empty or failed answer. Read
 * beside the answer and not after it, so that a silent database is waited for once. `subject` is what the path names.
 */
export function pageFrame({ databases, reader, format }: UsageSources) {
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
    const bar = filterBar(path, answered, dimensions.ok ? dimensions.value : null, names, format, {
      subject,
      isRepriced: answer.ok && unpricedOf(answer.value) !== null,
    });
    return {
      bar,
      titled: (cost: MicroEuros | null, page: string, subject?: string) =>
        viewTitle(bar, answered, { cost, page, subject }, format),
      notes: answer.ok ? [...notesOf(answer.value), ...unpricedNotes(answer.value, format)] : [],
      freshness: answer.ok ? freshness(answer.value, format) : null,
      fresh: freshUrl(path, query),
      retry: sameUrl(path, query),
    };
  };
}

/** "gpt-5, October 2026: €135.70 · AI usage": what tabs, bookmarks and a history of pages are told apart by. */
function viewTitle(
  { chips }: FilterBar,
  query: UsageQuery,
  { cost, page, subject }: { cost: MicroEuros | null; page: string; subject?: string },
  format: Format,
): string {
  const filters = chips.map(({ label, value }) =>
    /^(model|action|author|story)( is)?$/.test(label) ? value : `${label} ${value}`,
  );
  const view = [...(subject === undefined ? [] : [subject]), ...filters, wordsOf(query, format)].join(', ');
  return `${view}${cost === null ? '' : `: ${format.spokenEuros(cost)}`} · ${page}`;
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

/** What no price is for; null where costs are recorded ones. */
function unpricedOf({ query, value }: Answer<unknown>): Unpriced | null {
  const isAsked = query.cost === 'repriced' && typeof value === 'object' && value !== null && 'unpriced' in value;
  return isAsked ? (value.unpriced as Unpriced) : null;
}

/** What the costs of the price list leave out. */
export function unpricedNotes(answer: Answer<unknown>, format: Format): string[] {
  const unpriced = unpricedOf(answer);
  const text = unpriced && leftOutText(unpriced, format);
  return text === null ? [] : [text];
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

/**
 * The subject that an address names, and the query beside it. Names that nothing has are fine: their page says so.
 * @throws NotFound where it can be no name; BadInput
 */
export function subjectOf({ params, query }: Address<{ name: string }>, kind: SubjectKind, limits: QueryLimits) {
  const { read, takes } = SUBJECTS[kind];
  const name = read(params.name);
  if (name === null) throw new NotFound(takes);
  return narrowedTo(kind, name, parseUsageQuery(query, limits, now()));
}

/** What the address of a subject's page takes; `drawn` are those parameters that its tables and bars heed. */
export const takesOfSubject = (kind: SubjectKind, drawn: string[], limits: QueryLimits) =>
  takes<{ name: string }>(PAGE_PARAMETERS, {
    unused: WHICH_PAGE,
    // A filter by what the path names would be refused.
    carried: [...OF_A_LIST, ...OF_NUMBERS.filter((parameter) => !drawn.includes(parameter)), kind],
    check: (address) => subjectOf(address, kind, limits),
  });
