import type { Filter } from './entry.ts';
import { uuid } from './values.ts';

export const STORY: Filter<string> = {
  parameter: 'story',
  many: false,
  schema: uuid,
  written: (story) => story,

  meant: (story) => story,
  where: (rows, story) => rows.where('story_id', story),
  rollups: { from: 'raw rows' },

  label: 'story is',
  also: 'or',
  said: (story, { names, format }) => names.stories.get(story) ?? format.shortId(story),
  named: (story) => ({ stories: [story] }),

  option: { value: 'ID', help: 'of this story only' },
  openapi: { description: 'Only records of this story.', schema: { type: 'string', format: 'uuid' } },
};
