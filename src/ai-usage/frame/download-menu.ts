import type { ExportPage } from '../../downloads/export-page.ts';
import { EXTENSIONS, type Extension, FORMATS } from '../../export/formats.ts';
import type { Sums } from '../../stats/sums.ts';
import type { Format } from '../../units/format.ts';

type Link = { label: string; href: string; note: string };

/** What a page offers to take away: its data as files, and a link that keeps its numbers. */
export type DownloadMenu = { lead: string; groups: { title: string; links: Link[] }[]; link: string };

/** `urlOf` gives the page's own address at the instant that it shows, with an extension. */
type UrlOf = (extension: string) => string;

const withParameter = (url: string, parameter: string) => url + (url.includes('?') ? '&' : '?') + parameter;

/** "tieOut" as "Tie out". */
function titleOf(name: string): string {
  const words = name.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
  return words.charAt(0).toUpperCase() + words.slice(1);
}

/** For the list of records: rows, cost and the size to expect are said before anyone waits for them. */
export function recordsMenu(urlOf: UrlOf, { requests, cost }: Sums, format: Format): DownloadMenu {
  const about = (extension: Extension) =>
    requests === 0 ? '' : `about ${format.bytes(requests * FORMATS[extension].bytesPerRecord)}`;
  const links = EXTENSIONS.map((extension) => ({
    label: FORMATS[extension].label,
    href: urlOf(`.${extension}`),
    note: about(extension),
  }));
  const excel = { label: 'CSV for Excel in Portuguese', href: withParameter(urlOf('.csv'), 'dialect=excel-pt') };
  return {
    lead: `${format.integer(requests)} ${requests === 1 ? 'record' : 'records'}, ${format.exactEuros(cost)}`,
    groups: [{ title: 'All of them, in this order', links: [...links, { ...excel, note: about('csv') }] }],
    link: urlOf(''),
  };
}

/** For a page of several tables. */
export function tablesMenu(
  { tables }: Pick<ExportPage<never>, 'tables'>,
  urlOf: UrlOf,
  { requests, cost }: Sums,
  format: Format,
): DownloadMenu {
  const all = EXTENSIONS.filter((extension) => extension !== 'ndjson').map((extension) => ({
    label: FORMATS[extension].label,
    href: urlOf(`.${extension}`),
    note: extension === 'xlsx' ? 'a sheet each' : '',
  }));
  const single = (tables ?? []).map((name) => ({
    label: titleOf(name),
    href: withParameter(urlOf('.csv'), `table=${name}`),
    note: 'CSV',
  }));
  return {
    lead: `${format.integer(requests)} ${requests === 1 ? 'call' : 'calls'}, ${format.exactEuros(cost)}`,
    groups: [
      { title: 'All tables', links: all },
      { title: 'One table', links: single },
    ],
    link: urlOf(''),
  };
}
