import assert from 'node:assert/strict';
import type { Response } from 'supertest';
import { linkTo, wordsOf } from '../support/html.ts';

/** Nothing listens there: a connection is refused at once. */
export const NOWHERE = 'postgres://postgres@127.0.0.1:1/nowhere';

export const PAGES = ['/ai-usage?period=7d', '/ai-usage/records?period=7d&sortBy=aiModel'];
export const APIS = ['/api/ai-usage/stats', '/api/ai-usage/records'];

export const assertFailedPanel = (page: Response, path: string) => {
  assert.equal(page.status, 200, path);
  assert.equal(wordsOf(page, '.panel.failed p'), 'The database does not answer right now.');
  assert.equal(linkTo(page, 'Try again'), path);
  assert.ok(wordsOf(page, '.filter-bar'), 'one can still choose another period');
};

export const assertUnavailable = (answer: Response) => {
  assert.equal(answer.status, 503);
  assert.equal(answer.headers['retry-after'], '5');
};
