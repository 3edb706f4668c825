import express, { type Router } from 'express';
import { actionInfo } from '../../catalog/actions.ts';
import { aboutModel } from '../../catalog/models.ts';
import { readNames } from '../../catalog/names.ts';
import { written } from '../../catalog/written.ts';
import { OVERVIEW_PATH, RECORDS_PATH } from '../../query/paths.ts';
import { type QueryChange, usageUrl } from '../../query/query.ts';
import { OF_A_MODEL, STACKS, stackOfModel } from '../../query/view.ts';
import type { UsageStats } from '../../stats/stats.ts';
import { handled } from '../../units/promises/handled.ts';
import { panel } from '../../web/panel.ts';
import { BREAKDOWNS } from '../breakdowns/breakdowns.ts';
import type { Counted } from '../breakdowns/compare.ts';
import { bucketSizeOf } from '../chart/buckets.ts';
import { tablesMenu } from '../frame/download-menu.ts';
import { frozenNotes, frozenUrl } from '../frame/frozen.ts';
import { numbersBy, numbersOf } from '../frame/numbers.ts';
import { type PageDependencies, pageFrame, shortened, subjectOf, takesOfSubject } from '../frame/page-routes.ts';
import { pageLimits } from '../frame/sources.ts';
import { SUBJECTS } from '../frame/subjects.ts';
import { SUBJECT_EXPORTS } from './export.ts';
import { MOST_TOP_STORIES, topStoriesOf } from './top-stories.ts';

/** A page of a subject compares nothing. */
const counted = (stats: UsageStats): Counted => ({ stats, compared: null });

/** A page for each author, model and action. */
export function subjectPages({ databases, reader, render, format }: PageDependencies): Router {
  const router = express.Router();
  const limits = pageLimits(format);
  const frame = pageFrame({ databases, reader, format });

  for (const kind of ['author', 'model', 'action'] as const) {
    router.get(
      `${SUBJECTS[kind].path}/:name`,
      takesOfSubject(kind, ['by', 'show', 'rankBy', 'rankOrder'], limits),
      async (req, res) => {
        const { name, path, query, narrowed } = subjectOf(req, kind, limits);
        if (shortened(req, res, path, query)) return;
        const size = bucketSizeOf(query);
        const isModel = kind === 'model';
        const by = isModel ? stackOfModel(query.by) : query.by;
        const [stats, costs, shared] = await reader.ofOneState((reader) => {
          const counting = handled(panel(reader.stats(narrowed, size), req.log));
          const most = { most: MOST_TOP_STORIES, besides: null };
          return Promise.all([
            counting,
            panel(reader.storyCosts(narrowed, most), req.log),
            frame(path, query, counting, req.log, kind),
          ]);
        });
        const top = costs.ok ? costs.value.value.top : [];
        const names = await readNames(databases, {
          authors: [...new Set([...top.map(({ author }) => author), ...(kind === 'author' ? [name] : [])])],
          stories: top.map(({ story }) => story),
        });
        const about = {
          author: { title: names.authors.get(name) ?? null, note: null },
          model: { title: written(name), note: aboutModel(name) },
          action: { title: actionInfo(name).label, note: actionInfo(name).description },
        }[kind];
        const total = stats.ok ? stats.value.value.total : null;
        const options = {
          links: {
            // The address says which subject it is: a filter by it would say it twice.
            here: (change: QueryChange) => usageUrl(path, query, change),
            records: (change: QueryChange) => usageUrl(RECORDS_PATH, narrowed, change),
          },
          query: stats.ok ? stats.value.query : narrowed,
          format,
        };
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
            stats.ok && total
              ? tablesMenu(
                  SUBJECT_EXPORTS[kind],
                  frozenUrl(path, { ...query, asOf: stats.value.query.asOf }, total),
                  total,
                  format,
                )
              : null,
          numbers: stats.ok
            ? {
                ok: true,
                value: numbersOf(counted(stats.value.value), {
                  ...options,
                  size,
                  by,
                  stacks: isModel ? OF_A_MODEL : STACKS,
                  notes: [],
                }),
              }
            : stats,
          breakdowns:
            stats.ok && total?.requests
              ? (['model', 'action'] as const)
                  .filter((one) => one !== kind)
                  .map((one) => ({
                    id: `${one}s`,
                    title: BREAKDOWNS[one].title,
                    table: numbersBy(one, counted(stats.value.value), options),
                  }))
              : [],
          stories: costs.ok
            ? { ok: true, value: topStoriesOf(costs.value.value, costs.value.query, names, format) }
            : costs,
          namesAvailable: names.available,
          records: usageUrl(RECORDS_PATH, narrowed),
          everything: usageUrl(OVERVIEW_PATH, query),
          always: usageUrl(path, query, { period: 'all', from: null, to: null }),
        };
        render(req, res, {
          title: about.title ?? `${SUBJECTS[kind].label} ${format.shortId(name)}`,
          view: 'ai-usage/subjects/subject',
          data,
        });
      },
    );
  }

  return router;
}
