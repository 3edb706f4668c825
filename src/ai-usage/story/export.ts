import { PAGE_PARAMETERS } from '../../query/query.ts';
import { askedSubject } from '../exports/asked-subject.ts';
import { allBut, PERIOD } from '../exports/number-tables.ts';
import { type UsageTable, usageExport } from '../exports/usage-export.ts';
import { SUBJECTS } from '../frame/subjects.ts';
import { repeatTable, stepTable } from './story-page.ts';

/** A story is told as a whole. */
const heeds = [...allBut(['story', ...PERIOD]), 'cost'];

const tables: Record<string, UsageTable> = {
  steps: {
    heeds,
    read: async ({ reader, query, format }) => stepTable((await reader.story(query)).value, query, format),
  },
  repeats: { heeds, read: async ({ reader, query }) => repeatTable((await reader.story(query)).value) },
};

export const STORY_EXPORT = usageExport({
  path: `${SUBJECTS.story.path}/:name`,
  parameters: PAGE_PARAMETERS,
  asked: askedSubject('story'),
  tables,
  cost: async ({ reader, query }) => (await reader.story(query)).value.total.cost,
});
