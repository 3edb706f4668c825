import { readNames } from '../../catalog/names.ts';
import { PAGE_PARAMETERS } from '../../query/query.ts';
import { stackOfModel } from '../../query/view.ts';
import { askedSubject } from '../exports/asked-subject.ts';
import { allBut, countedAlone, numberTables, usageCost } from '../exports/number-tables.ts';
import { type UsageTable, usageExport } from '../exports/usage-export.ts';
import { SUBJECTS, type SubjectKind } from '../frame/subjects.ts';
import { MOST_TOP_STORIES, topStoryTable } from './top-stories.ts';

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
