import { parse } from 'node:querystring';
import type { NextFunction, Request } from 'express';
import { BadInput } from '../units/failures/bad-input.ts';
import { nearest } from '../units/input/nearest.ts';

/** What mail and advertising programs put on a link to know it again: nobody's filter, and in no link of ours. */
const MARKS = new RegExp(
  `^(${[
    '(utm|mtm|matomo|piwik|pk|hsa|oly|vero|itm|hmb|sc|stm)_.+|_hs(enc|mi)|_ke|_kx|_ga|_gl|_openstat|_branch_match_id|__s',
    'fbclid|fb_(action_ids|action_types|source|ref)|gclid|gclsrc|dclid|gbraid|wbraid|gad_(source|campaignid)|srsltid',
    'msclkid|yclid|ysclid|twclid|ttclid|li_fat_id|igsh|igshid|epik|rdt_cid|sccid|irclickid|wickedid|rb_clickid|s_kwcid|ef_id',
    'mc_(cid|eid)|mkt_tok|ml_subscriber(_hash)?|hsctatracking|cvid|ocid|trk|trackingid',
  ].join('|')})$`,
  'i',
);

/** A link copied out of HTML has `&amp;` where `&` was meant, once for each time that it was escaped. */
const ESCAPED = /^(amp;|#0*38;|#x0*26;)+/i;

type Parameters = Record<string, string | string[] | undefined>;

/**
 * The parameters of a query string as they were meant: all of them, however many; a repeated one is an array. Repaired
 * where a link was copied out of HTML, and without the marks of mail and advertising programs.
 */
export function readParameters(queryString: string | null | undefined): Parameters {
  // Without a limit of its own, behind which it drops in silence; the server takes 16 kB of headers.
  const parsed = parse(queryString ?? '', '&', '=', { maxKeys: 0 });
  const parameters: Parameters = Object.create(null);
  for (const [written, value] of Object.entries(parsed)) {
    const name = written.replace(ESCAPED, '');
    if (value === undefined || MARKS.test(name)) continue;
    const before = parameters[name];
    parameters[name] = before === undefined ? value : [before, value].flat();
  }
  return parameters;
}

/** A path and its query string without the marks of mail and advertising programs. */
export function withoutMarks(url: URL): URL {
  const clean = new URL(url);
  for (const name of [...clean.searchParams.keys()]) if (MARKS.test(name)) clean.searchParams.delete(name);
  return clean.search.length === url.search.length ? url : clean;
}

type AskedAddress = Pick<Request, 'query'>;

/** An address as its route reads it: what its path names, and its parameters. */
export type Address<Params = unknown> = { params: Params; query: Record<string, unknown> };

type HowTaken<Params> = {
  /** Of those names, what is known and would change nothing here: the page says so. */
  unused: readonly string[];
  /** And what is for the pages that this one leads to: taken, and offered to nobody. */
  carried: readonly string[];
  /** Reads an address that is to be offered. @throws BadInput where the page would refuse it */
  check: (address: Address<Params>) => unknown;
};
type Taken = HowTaken<never> & { names: readonly string[] };
const taken = new WeakMap<object, Taken>();

/**
 * For pages: they answer, and say in a line what of their address they did not understand, and what they did not use.
 * `names` is all that their address takes.
 */
export function takes<Params = unknown>(
  names: readonly string[],
  { unused = [], carried = [], check = () => {} }: Partial<HowTaken<Params>> = {},
) {
  return (req: AskedAddress, _res: unknown, next: NextFunction) => {
    taken.set(req, { names, unused, carried, check });
    next();
  };
}

/**
 * For what nobody reads a line in: APIs and files. @throws BadInput with every parameter that it does not take, and the
 * nearest that it does, or that it does not use
 */
export function takesOnly(names: readonly string[], unused: readonly string[] = []) {
  const used = names.filter((name) => !unused.includes(name));
  return (req: AskedAddress, _res: unknown, next: NextFunction) => {
    const idle = givenOf(req, unused);
    const problems = [
      ...unknownIn(req, [...names, ...unused]).map((name) => ({
        parameter: name,
        message: notTaken(name, [...names, ...unused], used),
      })),
      ...idle.map((name) => ({ parameter: name, message: 'is not used here: the answer holds everything' })),
    ];
    if (problems.length === 0) return next();
    throw new BadInput(problems);
  };
}

const unknownIn = (req: AskedAddress, names: readonly string[]) =>
  Object.keys(req.query).filter((name) => !names.includes(name));

/** Those of some names that have a value: an empty field of a form is not given. */
const givenOf = (req: AskedAddress, names: readonly string[]) =>
  names.filter((name) => [(req.query as Parameters)[name] ?? ''].flat().some((value) => value.trim() !== ''));

/** The nearest that is known, where it may be offered: whoever asks for a sort means no story. */
function nearestOf(name: string, known: readonly string[], offered: readonly string[]): string | null {
  const near = nearest(name, known);
  return near !== null && offered.includes(near) ? near : null;
}

function notTaken(parameter: string, known: readonly string[], offered: readonly string[]): string {
  const near = nearestOf(parameter, known, offered);
  if (near !== null) return `is not known here; did you mean ${near}?`;
  return offered.length === 0
    ? 'is not known: this address takes no parameters'
    : `is not known here; this address takes ${offered.join(', ')}`;
}

/**
 * What a page says of its own address: the names that it does not know, and where the nearest that it does would lead, or
 * what that one takes where what is given is none of it.
 */
export type NotUnderstood = {
  names: { name: string; near: string | null; href: string | null; takes: string | null }[];
  more: number;
  /** Known elsewhere. */
  unused: string[];
};

const NOTHING_TAKEN: Taken = { names: [], unused: [], carried: [], check: () => {} };
const MOST_NAMED = 5;
const MOST_CHARACTERS = 60;

/** Null where everything was understood. A route that says nothing takes nothing. */
export function notUnderstood(req: Request): NotUnderstood | null {
  const { names, unused: idle, carried, check } = taken.get(req) ?? NOTHING_TAKEN;
  const unknown = unknownIn(req, names);
  // The first page is what is shown where there is no other.
  const unused = givenOf(req, idle).filter((name) => req.query[name] !== '1');
  if (unknown.length === 0 && unused.length === 0) return null;
  const offered = names.filter((name) => !idle.includes(name) && !carried.includes(name));
  const shown = unknown.slice(0, MOST_NAMED).map((name) => ({
    name: name.length > MOST_CHARACTERS ? `${name.slice(0, MOST_CHARACTERS)}…` : name,
    ...meant(req, name, nearestOf(name, names, offered), check),
  }));
  return { names: shown, more: unknown.length - shown.length, unused };
}

/** Where the same address leads with one parameter under another name, or what that takes. */
function meant(req: Request, name: string, near: string | null, check: Taken['check']) {
  if (near === null || near in req.query) return { near, href: null, takes: null };
  const { [name]: value, ...others } = req.query as Parameters;
  try {
    check({ params: req.params as never, query: { ...others, [near]: value } });
    return { near, href: renamed(req, name, near), takes: null };
  } catch (error) {
    // Of an address that leads nowhere under any name nothing is proposed.
    const details = error instanceof BadInput ? error.details : [];
    return { near, href: null, takes: details.find(({ parameter }) => parameter === near)?.message ?? null };
  }
}

function renamed(req: Request, name: string, near: string): string {
  const parameters = new URLSearchParams();
  for (const [key, values] of Object.entries(req.query as Parameters)) {
    for (const value of [values ?? []].flat()) parameters.append(key === name ? near : key, value);
  }
  return `${req.path}?${parameters}`;
}
