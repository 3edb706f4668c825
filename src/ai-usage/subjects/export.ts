import { readNames } from '../../catalog/names.ts';
import { PAGE_PARAMETERS } from '../../query/query.ts';
import { stackOfModel } from '../../query/view.ts';
import { readCounted } from '../breakdowns/counted.ts';
import { askedSubject } from '../exports/asked-subject.ts';
import { allBut, causesFile, numberTables, usageCost } from '../exports/number-tables.ts';
import { type UsageTable, usageExport } from '../exports/usage-export.ts';
import { SUBJECTS, type SubjectKind } from '../frame/subjects.ts';
import { readTopStories, topStoryTable } from './top-stories.ts';

const topStories = (heeds: readonly string[]): UsageTable => ({
  heeds: [...heeds, 'cost'],
  read: async ({ reader, databases, query, format }) => {
    const { value } = await readTopStories(reader, query);
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

const heedsOf = (kind: SubjectKind) => [...allBut([kind]), 'compare', 'cost'];
const ofAuthor = numberTables(readCounted, heedsOf('author'));
const ofModel = numberTables(readCounted, heedsOf('model'), stackOfModel);
const ofAction = numberTables(readCounted, heedsOf('action'));

/** The pages of an author, a model and an action. */
export const SUBJECT_EXPORTS = {
  author: subjectExport('author', {
    ...ofAuthor,
    stories: topStories(allBut(['author'])),
    causes: causesFile(heedsOf('author')),
  }),
  model: subjectExport('model', {
    usage: ofModel.usage,
    parts: ofModel.parts,
    actions: ofModel.actions,
    stories: topStories(allBut(['model'])),
    causes: causesFile(heedsOf('model')),
  }),
  action: subjectExport('action', {
    usage: ofAction.usage,
    parts: ofAction.parts,
    models: ofAction.models,
    stories: topStories(allBut(['action'])),
    causes: causesFile(heedsOf('action')),
  }),
};
