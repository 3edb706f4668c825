import express, { type Router } from 'express';
import { readNames } from '../../catalog/names.ts';
import { NO_FILTERS } from '../../query/filters/registry.ts';
import { OVERVIEW_PATH, RECORDS_PATH } from '../../query/paths.ts';
import { usageUrl } from '../../query/query.ts';
import { readNotesOf } from '../../stats/notes/notes-of.ts';
import { costOfRecord } from '../../stats/pricing/repriced.ts';
import { NO_EUROS } from '../../units/money.ts';
import { handled } from '../../units/promises/handled.ts';
import { panel } from '../../web/panel.ts';
import { tablesMenu } from '../frame/download-menu.ts';
import { frozenNotes, frozenUrl } from '../frame/frozen.ts';
import { type PageDependencies, pageFrame, shortened, subjectOf, takesOfSubject } from '../frame/page-routes.ts';
import { pageLimits } from '../frame/sources.ts';
import { SUBJECTS, subjectUrl, wholeStory } from '../frame/subjects.ts';
import { notesOnChart } from '../notes/shown.ts';
import { repricedColumn } from '../records/record-columns.ts';
import { repricedLine } from '../repriced/sentence.ts';
import { STORY_EXPORT } from './export.ts';
import { storyCompared } from './story-compared.ts';
import { storyPageOf, storyPlace } from './story-page.ts';

/** A page for each story. */
export function storyPage({ databases, reader, render, format }: PageDependencies): Router {
  const router = express.Router();
  const limits = pageLimits(format);
  const frame = pageFrame({ databases, reader, format });

  router.get(
    `${SUBJECTS.story.path}/:name`,
    takesOfSubject('story', ['compare', 'by', 'show'], limits),
    async (req, res) => {
      const { name: id, path, query, narrowed } = subjectOf(req, 'story', limits);
      if (shortened(req, res, path, query)) return;
      const whole = wholeStory(narrowed);
      const noting = handled(panel(readNotesOf(databases.backoffice, narrowed, format), req.log));
      const noted = handled(noting.then((said) => (said.ok ? notesOnChart(said.value, narrowed, format) : [])));
      const [answer, costs, shared, compared, whose] = await reader.ofOneState((reader) => {
        const reading = handled(panel(reader.story(whole), req.log));
        const comparing = handled(
          reading.then((story) => {
            const cost = story.ok ? story.value.value.total.cost : NO_EUROS;
            return panel(reader.storySpread(query, { story: id, cost }), req.log);
          }),
        );
        // As of what the page compares in, and with what the price list leaves out of the story.
        const framing = handled(
          Promise.all([reading, comparing]).then(([story, costs]) =>
            story.ok ? { ...story, value: { ...story.value, query: costs.ok ? costs.value.query : query } } : costs,
          ),
        );
        return Promise.all([
          reading,
          comparing,
          frame(path, query, framing, req.log, 'story'),
          panel(storyCompared(reader, { path, query, ofStory: narrowed, noted }, format), req.log),
          query.cost === 'repriced' ? panel(repricedLine(reader, whole, format), req.log) : null,
        ]);
      });
      const said = await noting;
      const story = answer.ok ? answer.value.value : null;
      const { asOf } = answer.ok ? answer.value.query : query;
      const prices = query.cost === 'repriced' ? await reader.prices() : null;
      const besides = prices && repricedColumn((record) => costOfRecord(record, prices, format.timeZone));
      const names = await readNames(databases, { authors: story?.authors ?? [], stories: [id] });
      const data = {
        ...shared,
        notes: [
          ...(whose?.ok && whose.value !== null ? [`All of it: ${whose.value}`] : []),
          ...shared.notes,
          ...(story ? frozenNotes(query, story.total, format) : []),
        ],
        id,
        title: names.stories.get(id) ?? null,
        // Of all of it, whatever the period that it is compared in.
        viewTitle: `${names.stories.get(id) ?? format.shortId(id)}${story ? `: ${format.euros(story.total.cost)}` : ''} · Story`,
        gone: names.gone.has(id),
        authors: (story?.authors ?? []).map((author) => ({
          name: names.authors.get(author) ?? format.shortId(author),
          href: subjectUrl('author', author, { ...query, ...NO_FILTERS }),
        })),
        story: answer.ok
          ? {
              ok: true,
              value:
                answer.value.value.total.requests === 0
                  ? null
                  : storyPageOf(answer.value.value, whole, names, besides, format),
            }
          : answer,
        download: story
          ? tablesMenu(STORY_EXPORT, frozenUrl(path, { ...query, asOf }, story.total), story.total, format)
          : null,
        place: costs.ok
          ? { ok: true, value: storyPlace(story?.total.cost ?? NO_EUROS, costs.value.value, format) }
          : costs,
        compared,
        notNoted: said.ok ? null : said.message,
        filtered: shared.bar.chips.length > 0,
        unfiltered: path,
        records: usageUrl(RECORDS_PATH, whole),
        overview: usageUrl(OVERVIEW_PATH, query),
      };
      render(req, res, { title: data.viewTitle, view: 'ai-usage/story/story', data });
    },
  );

  return router;
}
