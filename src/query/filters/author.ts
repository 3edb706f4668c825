import type { Filter } from './entry.ts';
import { uuid } from './values.ts';

export const AUTHOR: Filter<string> = {
  parameter: 'author',
  many: false,
  schema: uuid,
  written: (author) => author,

  meant: (author) => author,
  where: (rows, author) => rows.where('author_id', author),
  rollups: { from: 'raw rows' },

  label: 'author is',
  also: 'or',
  said: (author, { names, format }) => names.authors.get(author) ?? format.shortId(author),
  named: (author) => ({ authors: [author] }),

  option: { value: 'ID', help: 'of this author only' },
  openapi: { description: 'Only records of this author.', schema: { type: 'string', format: 'uuid' } },
};
