import express, { type Router } from 'express';
import { actionInfo } from '../../catalog/actions.ts';
import { aboutModelWithEnd } from '../../catalog/models.ts';
import { readNames } from '../../catalog/names.ts';
import { written } from '../../catalog/written.ts';
import { OVERVIEW_PATH, RECORDS_PATH } from '../../query/paths.ts';
import { type QueryChange, usageUrl } from '../../query/query.ts';
import { OF_A_MODEL, STACKS, stackOfModel } from '../../query/view.ts';
import { readNotesOf } from '../../stats/notes/notes-of.ts';
import type { UsageReader } from '../../stats/reader.ts';
import { handled } from '../../units/promises/handled.ts';
import { panel } from '../../web/panel.ts';
import { BREAKDOWNS } from '../breakdowns/breakdowns.ts';
import { type Counted, comparisonBar } from '../breakdowns/compare.ts';
import { readCompared } from '../breakdowns/counted.ts';
import { whyPanel } from '../breakdowns/why-panel.ts';
import { bucketSizeOf } from '../chart/buckets.ts';
import { readDaysBefore } from '../chart/unusual.ts';
import { tablesMenu } from '../frame/download-menu.ts';
import { frozenNotes, frozenUrl } from '../frame/frozen.ts';
import { numbersBy, numbersOf } from '../frame/numbers.ts';
import { type PageDependencies, pageFrame, shortened, subjectOf, takesOfSubject } from '../frame/page-routes.ts';
import { pageLimits } from '../frame/sources.ts';
import { SUBJECTS } from '../frame/subjects.ts';
import { notesOnChart } from '../notes/shown.ts';
import { SUBJECT_EXPORTS } from './export.ts';
import { readTopStories, topStoriesOf } from './top-stories.ts';

/** A page for each author, model and action. */
export function subjectPages({ databases, reader, render, format }: PageDependencies): Router {
  const router = express.Router();
  const limits = pageLimits(format);
  const frame = pageFrame({ databases, reader, format });

  for (const kind of ['author', 'model', 'action'] as const) {
    router.get(
      `${SUBJECTS[kind].path}/:name`,
      takesOfSubject(kind, ['cost', 'compare', 'by', 'show', 'rankBy', 'rankOrder'], limits),
      async (req, res) => {
        const { name, path, query: asked, narrowed: ofSubject } = subjectOf(req, kind, limits);
        if (shortened(req, res, path, asked)) return;
        const isModel = kind === 'model';
        const by = isModel ? stackOfModel(asked.by) : asked.by;
        const size = bucketSizeOf(asked);
        const read = async (reader: UsageReader) => {
          const narrowed = await reader.recent(ofSubject);
          const { asOf, window } = narrowed;
          const fixed = { ...narrowed, pinned: asOf };
          const query = { ...asked, asOf, window };
          const counting = handled(panel(reader.stats(fixed, size), req.log));
          const answered = handled(
            counting.then((one) => (one.ok ? { ...one, value: { ...one.value, query: narrowed } } : one)),
          );
          const answers = await Promise.all([
            answered,
            panel(readCompared(reader, fixed, size, format.timeZone), req.log),
            panel(reader.earliest(), req.log),
            panel(readTopStories(reader, fixed), req.log),
            frame(path, query, answered, req.log, kind),
            panel(readNotesOf(databases.backoffice, narrowed, format), req.log),
            panel(readDaysBefore(reader, fixed, format.timeZone), req.log),
          ]);
          return { query, narrowed, answers };
        };
        const { query, narrowed, answers } = await reader.ofOneState(read);
        const [stats, compared, earliest, costs, shared, said, daysBefore] = answers;
        const top = costs.ok ? costs.value.value.top : [];
        const names = await readNames(databases, {
          authors: [...new Set([...top.map(({ author }) => author), ...(kind === 'author' ? [name] : [])])],
          stories: top.map(({ story }) => story),
        });
        const about = {
          author: { title: names.authors.get(name) ?? null, note: null },
          model: { title: written(name), note: aboutModelWithEnd(name, format) },
          action: { title: actionInfo(name).label, note: actionInfo(name).description },
        }[kind];
        const total = stats.ok ? stats.value.value.total : null;
        const options = {
          links: {
            // The address says which subject it is: a filter by it would say it twice.
            here: (change: QueryChange) => usageUrl(path, query, change),
            records: (change: QueryChange) => usageUrl(RECORDS_PATH, narrowed, change),
          },
          query: narrowed,
          format,
        };
        const counted: Counted | null = stats.ok
          ? { stats: stats.value.value, compared: compared.ok ? compared.value : null }
          : null;
        const data = {
          ...shared,
          notes: [...shared.notes, ...(total ? frozenNotes(query, total, format) : [])],
          kind,
          label: SUBJECTS[kind].label,
          name: written(name),
          ...about,
          gone: names.gone.has(name),
          isId: kind === 'author',
          download:
            stats.ok && total ? tablesMenu(SUBJECT_EXPORTS[kind], frozenUrl(path, query, total), total, format) : null,
          comparison: comparisonBar(narrowed, earliest.ok ? earliest.value : null, options.links, format),
          comparisonFailed: compared.ok ? null : compared.message,
          numbers: counted
            ? {
                ok: true,
                value: numbersOf(counted, {
                  ...options,
                  size,
                  by,
                  stacks: isModel ? OF_A_MODEL : STACKS,
                  notes: said.ok ? notesOnChart(said.value, narrowed, format) : [],
                  daysBefore: daysBefore.ok ? daysBefore.value : new Map(),
                }),
              }
            : stats,
          notJudged: daysBefore.ok ? null : daysBefore.message,
          notNoted: said.ok ? null : said.message,
          why: counted && total?.requests ? whyPanel(counted, options, format) : null,
          breakdowns:
            counted && total?.requests
              ? (['model', 'action'] as const)
                  .filter((one) => one !== kind)
                  .map((one) => ({
                    id: `${one}s`,
                    title: BREAKDOWNS[one].title,
                    table: numbersBy(one, counted, options),
                  }))
              : [],
          stories: costs.ok
            ? { ok: true, value: topStoriesOf(costs.value.value, costs.value.query, names, format) }
            : costs,
          namesAvailable: names.available,
          records: usageUrl(RECORDS_PATH, narrowed),
          viewTitle: shared.titled(
            total?.cost ?? null,
            SUBJECTS[kind].label,
            about.title ?? `${SUBJECTS[kind].label} ${format.shortId(name)}`,
          ),
          everything: usageUrl(OVERVIEW_PATH, query),
          always: usageUrl(path, query, { period: 'all', from: null, to: null }),
        };
        render(req, res, { title: data.viewTitle, view: 'ai-usage/subjects/subject', data });
      },
    );
  }

  return router;
}
