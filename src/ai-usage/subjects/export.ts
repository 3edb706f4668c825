import { readNames } from '../../catalog/names.ts';
import { written } from '../../catalog/written.ts';
import { PAGE_PARAMETERS, parseUsageQuery, usageUrl } from '../../query/query.ts';
import { stackOfModel } from '../../query/view.ts';
import { allBut, countedAlone, numberTables, usageCost } from '../exports/number-tables.ts';
import { type AskedUsage, pinnedAt, type UsageTable, usageExport } from '../exports/usage-export.ts';
import { narrowedTo, SUBJECTS, type SubjectKind, wholeStory } from '../frame/subjects.ts';
import { MOST_TOP_STORIES, topStoryTable } from './top-stories.ts';

type AskedBy = Parameters<typeof usageExport>[0]['asked'];

/** What the address of a subject asks to take away. */
export const askedSubject =
  (kind: SubjectKind): AskedBy =>
  (text, parameters, limits, at): AskedUsage | null => {
    const name = SUBJECTS[kind].read(text);
    if (name === null) return null;
    const { path, query, narrowed } = narrowedTo(kind, name, pinnedAt(parseUsageQuery(parameters, limits, at)));
    return {
      query: kind === 'story' ? wholeStory(narrowed) : narrowed,
      address: usageUrl(path, query),
      title: `${SUBJECTS[kind].label} ${written(name)}`,
    };
  };

const topStories = (heeds: readonly string[]): UsageTable => ({
  heeds,
  read: async ({ reader, databases, query, format }) => {
    const { value } = await reader.storyCosts(query, { most: MOST_TOP_STORIES, besides: null });
    const authors = [...new Set(value.top.map(({ author }) => author))];
    const stories = value.top.map(({ story }) => story);
    return topStoryTable(value, query, await readNames(databases, { authors, stories }, { keep: false }), format);
  },
});

const subjectExport = (kind: SubjectKind, tables: Record<string, UsageTable>) =>
  usageExport({
    path: `${SUBJECTS[kind].path}/:name`,
    parameters: PAGE_PARAMETERS,
    asked: askedSubject(kind),
    tables,
    cost: usageCost,
  });

const ofAuthor = numberTables(countedAlone, allBut(['author']));
const ofModel = numberTables(countedAlone, allBut(['model']), stackOfModel);
const ofAction = numberTables(countedAlone, allBut(['action']));

/** The pages of an author, a model and an action. */
export const SUBJECT_EXPORTS = {
  author: subjectExport('author', { ...ofAuthor, stories: topStories(allBut(['author'])) }),
  model: subjectExport('model', {
    usage: ofModel.usage,
    parts: ofModel.parts,
    actions: ofModel.actions,
    stories: topStories(allBut(['model'])),
  }),
  action: subjectExport('action', {
    usage: ofAction.usage,
    parts: ofAction.parts,
    models: ofAction.models,
    stories: topStories(allBut(['action'])),
  }),
};
