import { constants } from 'node:fs';
import { access, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { UsageSources } from '../src/ai-usage/frame/sources.ts';
import type { ExportPage } from '../src/downloads/export-page.ts';
import { EXTENSIONS, type Extension } from '../src/export/formats.ts';
import { EXPORT_PARAMETERS } from '../src/export/options.ts';
import { EXPORT_PAGES } from '../src/pages.ts';
import { FILTER_NAMES, filterOfName } from '../src/query/filters/registry.ts';
import { OVERVIEW_PATH } from '../src/query/paths.ts';
import { UsageError } from './command.ts';

/** A page by the end of its address ("models/:name"), which the overview's has none of. */
const nameOf = (path: string) => (path === OVERVIEW_PATH ? 'overview' : (/[^/]+(\/:name)?$/.exec(path)?.[0] ?? ''));

const NAMES = EXPORT_PAGES.map(({ path }) => nameOf(path));
const isOfOne = (name: string) => name.endsWith('/:name');
/** What `--of` takes: the names of pages, then those of pages that there is one of each. */
const PAGES = NAMES.filter((name) => !isOfOne(name));
/** So many names fit into a line of a terminal. */
const A_LINE = 8;
const PAGES_OF_ONE = `${NAMES.filter(isOfOne)
  .map((name) => name.replace('/:name', ''))
  .join('|')}/NAME`;

const value = (help: string, value: string) => ({ type: 'string', value, help }) as const;

const FILTER_OPTIONS = Object.fromEntries(
  FILTER_NAMES.map(filterOfName).map(({ parameter, many, option }) => [
    parameter,
    { ...value(option.help, option.value), multiple: many },
  ]),
);

/** Besides its own three, the parameters of the pages, by their names there. */
export const EXPORT = {
  name: 'export',
  does: 'Writes what a page shows as a file, and writes down in the audit log that it did.',
  example: '--period 30d --format xlsx --out usage.xlsx',
  options: {
    out: value('the file to write', 'FILE'),
    format: value(`${EXTENSIONS.join(', ')}; without it, what the name of the file ends in`, 'FORMAT'),
    of: value(
      `${PAGES.slice(0, A_LINE).join(', ')},\n${PAGES.slice(A_LINE).join(', ')}\nor ${PAGES_OF_ONE}; else records`,
      'PAGE',
    ),
    period: value('such as 7d, this-month, 2026-W44 or 2026-10; or --from and --to', 'PERIOD'),
    from: value('a day, a time of business time or an instant, ISO 8601', 'TIME'),
    to: value('a day, which is included, a time or an instant', 'TIME'),
    month: value('of a statement, such as 2026-10', 'MONTH'),
    ...FILTER_OPTIONS,
    person: value('of the audit log: what this person did', 'EMAIL'),
    kind: value('of the audit log: this kind only', 'KIND'),
    sortBy: value('what records are sorted by', 'COLUMN'),
    sortOrder: value('asc or desc', 'ORDER'),
    asOf: value('count nothing newer than this instant', 'TIME'),
    compare: value('what the page is compared with', 'WINDOW'),
    cost: value('whose costs: recorded, or repriced by the price list', 'WHOSE'),
    by: value('what the bars are made up of', 'PARTS'),
    breakdown: value('a breakdown that the overview opens', 'NAME'),
    rankBy: value('what breakdowns are sorted by', 'COLUMN'),
    rankOrder: value('asc or desc', 'ORDER'),
    rows: value('of explore: what its rows are', 'NAME'),
    columns: value('of explore: what its columns are', 'NAME'),
    measure: value('of explore: what its cells say', 'NAME'),
    cached: value('of what-if: percent of the tokens in that are taken for cached', 'PERCENT'),
    table: value('one table of a page that has several', 'NAME'),
    dialect: value('excel-pt: CSV as Excel in Portugal opens it', 'DIALECT'),
    manifest: value('1: a last line in a CSV that says what it is about', '1'),
    include: value('prompt: records with their prompts', 'prompt'),
  },
} as const;

/** The page that `--of` means, and what it is of. */
type Of = { page: ExportPage<UsageSources>; name: string };
export type Arguments = { out: string; extension: Extension; of: Of; parameters: Record<string, unknown> };

/** @throws UsageError when there is no such page */
function pageOf(of: string): Of {
  const [kind, ...name] = of.split('/');
  const asked = name.length > 0 ? `${kind}/:name` : kind;
  const page = EXPORT_PAGES.find(({ path }) => nameOf(path) === asked);
  if (!page) throw new UsageError(`--of takes ${PAGES.join(', ')} or ${PAGES_OF_ONE}`);
  if (name.length > 0 && name.join('/') === '')
    throw new UsageError(`--of ${of}: of which? (models/'""' is the model named with empty text)`);
  return { page, name: name.join('/') };
}

type Given = { out?: string; format?: string; of?: string };

/** @throws UsageError naming what is missing, or what an option takes */
export async function argumentsOf({ out, format, of = 'records', ...parameters }: Given): Promise<Arguments> {
  if (!out) throw new UsageError('--out is missing');
  const extension = EXTENSIONS.find((one) => one === (format ?? out.split('.').at(-1)));
  if (!extension) throw new UsageError(`--format takes ${EXTENSIONS.join(', ')}`);
  const page = pageOf(of);
  refuseOthers(of, page, parameters);
  await checkPlace(out);
  return { out, extension, of: page, parameters };
}

/** @throws UsageError naming every option that would change nothing in what is exported */
function refuseOthers(of: string, { page }: Of, parameters: Record<string, unknown>): void {
  const table = page.tables?.includes(String(parameters.table)) ? String(parameters.table) : null;
  const ofPage = page.heeds(table, parameters);
  const heeded = [...ofPage, ...EXPORT_PARAMETERS];
  const others = Object.keys(parameters).filter((name) => !heeded.includes(name));
  const named = (names: string[]) => names.map((name) => `--${name}`).join(', ');
  if (others.length > 0)
    throw new UsageError(
      `${named(others)}: not of ${table === null ? of : `the table ${table} of ${of}`}, which goes with ${named(heeded)}`,
    );
}

/** Before anything is read, so that nobody waits for a file that has no place. */
async function checkPlace(out: string): Promise<void> {
  const folder = dirname(out);
  const found = (path: string) =>
    stat(path).catch(({ code }: NodeJS.ErrnoException) => {
      if (code === 'ENOENT' || code === 'ENOTDIR') return null;
      throw new UsageError(`--out: ${path} cannot be written (${code})`);
    });
  if (!(await found(folder))?.isDirectory()) throw new UsageError(`--out: there is no folder ${folder}`);
  const before = await found(out);
  if (before?.isDirectory()) throw new UsageError(`--out takes a file; ${out} is a folder`);
  // The file takes the place of what is there: of /dev/null, say, which would then be everybody's.
  if (before && !before.isFile()) throw new UsageError(`--out takes a file; ${out} is none`);
  await access(folder, constants.W_OK).catch(() => {
    throw new UsageError(`--out: the folder ${folder} may not be written to`);
  });
}
