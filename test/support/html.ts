import { parse } from 'node-html-parser';
import type { Response } from 'supertest';

/** Where the link with these words leads, as a browser reads it; fails when the page has no such link. */
export function linkTo(response: Response, words: string): string {
  const link = parse(response.text)
    .querySelectorAll('a')
    .find(({ textContent }) => textContent.replace(/\s+/g, ' ').includes(words));
  const href = link?.getAttribute('href');
  if (!href) throw new Error(`no link "${words}" in an answer ${response.status}`);
  return href;
}

/** The words of an element, spaces made one; null where there is none. */
export function wordsOf(response: Response, selector: string): string | null {
  return parse(response.text).querySelector(selector)?.textContent.replace(/\s+/g, ' ').trim() ?? null;
}
