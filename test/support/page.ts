import assert from 'node:assert/strict';
import { type HTMLElement, parse } from 'node-html-parser';
import type { Client, Headers } from './client.ts';

/** What a reader (or their screen reader) gets from a table's cell; `micro` is the exact amount behind a printed one. */
export type PageCell = { text: string; href: string | null; micro: number | null; flag: string | null };

export type PageTable = { head: string[]; rows: PageCell[][]; total: PageCell[] | null };

/** A page that must be there, parsed. */
export async function openPage(client: Client, path: string, headers?: Headers): Promise<HTMLElement> {
  const response = await client.get(path, headers);
  assert.equal(response.status, 200, `${path}: ${response.status} ${response.text.slice(0, 400)}`);
  return parse(response.text);
}

/** A JSON answer that must be there. */
export async function openJson<T>(client: Client, path: string): Promise<T> {
  const response = await client.get(path);
  assert.equal(response.status, 200, `${path}: ${response.status} ${response.text.slice(0, 400)}`);
  assert.match(response.headers['content-type'] ?? '', /^application\/json/);
  return response.body as T;
}

export const squeeze = (text: string) => text.replace(/\s+/g, ' ').trim();

export const textOf = (element: HTMLElement | null) => squeeze(element?.text ?? '');

/** "1,234" as it is printed in the tests' locale. */
export function integerOf(text: string): number {
  assert.match(text, /^\d{1,3}(,\d{3})*$/);
  return Number(text.replaceAll(',', ''));
}

/** "€1,234.567890" as micro-euros. */
export function microOf(text: string): number {
  assert.match(text, /^€\d{1,3}(,\d{3})*\.\d{6}$/);
  return Number(text.replace(/[€,.]/g, ''));
}

/** An amount to the micro-euro, as it is printed or as the title of a shorter one. */
const AMOUNT = /^[−+]?€\d{1,3}(,\d{3})*\.\d{6}$/;

/** Null where the cell is no exact amount: a word, a count. A title is one, and so are euros with six decimals: both are to be read. */
function exactOf(cell: HTMLElement, text: string): number | null {
  const title = cell.getAttribute('title');
  const exact = title ?? text;
  if (AMOUNT.test(exact)) return Number(exact.replace('−', '-').replace(/[+€,.]/g, ''));
  if (title !== undefined || (exact.includes('€') && /[.,]\d{6}(?!\d)/.test(exact)))
    assert.fail(`not an amount to the micro-euro: "${exact}"`);
  return null;
}

function cellOf(cell: HTMLElement): PageCell {
  const flag = cell.querySelector('.flag');
  const link = cell.querySelector('a:not(.details)');
  const content = cell.querySelector('.names') ?? link ?? cell.querySelector('time');
  const text = content ? textOf(content) : squeeze(cell.childNodes.filter(({ nodeType }) => nodeType === 3).join(''));
  return {
    text,
    href: link?.getAttribute('href') ?? null,
    micro: exactOf(cell, text),
    flag: flag ? textOf(flag) : null,
  };
}

/** The table under a caption. */
export function tableOf(page: HTMLElement, caption: string): PageTable {
  const table = page.querySelectorAll('table').find((one) => textOf(one.querySelector('caption')) === caption);
  assert.ok(table, `no table "${caption}"`);
  const rows = (part: string) =>
    table.querySelectorAll(`${part} tr`).map((row) => row.querySelectorAll('th, td').map(cellOf));
  return { head: table.querySelectorAll('thead th').map(textOf), rows: rows('tbody'), total: rows('tfoot')[0] ?? null };
}

/** The cells of one column, by its heading. */
export function columnOf({ head, rows }: PageTable, label: string): PageCell[] {
  const index = head.indexOf(label);
  assert.notEqual(index, -1, `no column "${label}" among ${head.join(', ')}`);
  return rows.map((row) => row[index] as PageCell);
}

/** The total row's cell of one column. */
export function totalOf({ head, total }: PageTable, label: string): PageCell {
  const cell = total?.[head.indexOf(label)];
  assert.ok(cell, `no total of "${label}"`);
  return cell;
}

/** The tiles by label: what they print, and the exact amount behind money. */
export function tilesOf(page: HTMLElement): Map<string, { text: string; exact: string | null }> {
  return new Map(
    page.querySelectorAll('.tiles > div').map((tile) => {
      const money = tile.querySelector('dd span[title]');
      return [
        textOf(tile.querySelector('dt')),
        { text: textOf(money ?? tile.querySelector('dd')), exact: money?.getAttribute('title') ?? null },
      ];
    }),
  );
}

/** The ids of the records on a records page, in its order. */
export function recordIds(page: HTMLElement): string[] {
  return page
    .querySelectorAll('tbody th a')
    .map((link) => link.getAttribute('href') ?? '')
    .map((href) => /^[^?]*\/([^/?]*)/.exec(href)?.[1] ?? '');
}

/** "1,234 records, €5.67" above the records: how many, and what they cost. */
export function recordSum(page: HTMLElement): { requests: number; cost: number } {
  const [count, cost] = page.querySelectorAll('.sum b');
  return { requests: integerOf(textOf(count ?? null)), cost: microOf(cost?.getAttribute('title') ?? '') };
}

export function linkTo(page: HTMLElement, selector: string): string | null {
  return page.querySelector(selector)?.getAttribute('href') ?? null;
}

/** The address that a form leads to, as a browser without scripts submits it, some of its fields filled in differently. */
export function submitted(form: HTMLElement, changes: Record<string, string> = {}): string {
  const parameters = new URLSearchParams();
  for (const field of form.querySelectorAll('input[name], select[name]')) {
    const name = field.getAttribute('name') ?? '';
    const selected = field.querySelector('option[selected]') ?? field.querySelector('option');
    const value = field.getAttribute('value') ?? selected?.getAttribute('value') ?? '';
    const changed = field.getAttribute('type') === 'hidden' ? undefined : changes[name];
    parameters.append(name, changed ?? value);
  }
  return `${form.getAttribute('action')}?${parameters}`;
}

const STOPS = 'a[href], button, select, textarea, input, summary, [tabindex="0"]';

/** Where the Tab key stops, with everything that opens closed. */
export const tabStops = (page: HTMLElement): HTMLElement[] =>
  page.querySelectorAll(STOPS).filter((one) => {
    const folded = one.closest('details:not([open]), [popover]');
    const isSummary = one.tagName === 'SUMMARY' && one.parentNode === folded;
    return one.getAttribute('tabindex') !== '-1' && one.getAttribute('type') !== 'hidden' && (!folded || isSummary);
  });

/** Chips as a person reads them, and where their × leads. */
export function chipsOf(page: HTMLElement): [string, string | null][] {
  return page
    .querySelectorAll('.chips li:not(.clear)')
    .map((chip) => [
      `${textOf(chip.querySelector('span'))} ${textOf(chip.querySelector('b'))}`,
      linkTo(chip, 'a.remove'),
    ]);
}
