import express, { type Router } from 'express';
import { actionInfo } from '../../catalog/actions.ts';
import { aboutModel } from '../../catalog/models.ts';
import { readNames } from '../../catalog/names.ts';
import { written } from '../../catalog/written.ts';
import { NO_FILTERS } from '../../query/filters/registry.ts';
import { OVERVIEW_PATH, RECORDS_PATH } from '../../query/paths.ts';
import { OF_A_LIST, OF_NUMBERS, PAGE_PARAMETERS, parseUsageQuery, usageUrl, WHICH_PAGE } from '../../query/query.ts';
import { OF_A_MODEL, STACKS, stackOfModel } from '../../query/view.ts';
import { handled } from '../../units/promises/handled.ts';
import { now } from '../../units/time.ts';
import { NotFound } from '../../web/errors.ts';
import { panel } from '../../web/panel.ts';
import { type Address, takes } from '../../web/parameters.ts';
import { bucketSizeOf } from '../chart/buckets.ts';
import { tablesMenu } from '../frame/download-menu.ts';
import { frozenNotes, frozenUrl } from '../frame/frozen.ts';
import { MOST_PER_PAGE, type PageDependencies, pageFrame, shortened } from '../frame/page-routes.ts';
import { narrowedTo, SUBJECTS, type SubjectKind, subjectUrl, wholeStory } from '../frame/subjects.ts';
import { overviewOf } from '../overview/overview.ts';
import { storyPageOf, storyPlace } from '../story/story-page.ts';
import { MOST_TOP_STORIES, topStoriesOf } from './top-stories.ts';

/** A page for each story, author, model and action. */
export function subjectPages({ databases, reader, render, format }: PageDependencies): Router {
  const router = express.Router();
  const limits = { maxPageSize: MOST_PER_PAGE, timeZone: format.timeZone };
  const frame = pageFrame({ databases, reader, format });

  /** The subject that an address names, and the query beside it. Names that nothing has are fine: their page says so. */
  const asked = ({ params, query }: Address<{ name: string }>, kind: SubjectKind) => {
    const { read, takes } = SUBJECTS[kind];
    const name = read(params.name);
    if (name === null) throw new NotFound(takes);
    return narrowedTo(kind, name, parseUsageQuery(query, limits, now()));
  };

  const taken = (kind: SubjectKind, drawn: string[]) =>
    takes<{ name: string }>(PAGE_PARAMETERS, {
      unused: WHICH_PAGE,
      // A filter by what the path names would be refused.
      carried: [...OF_A_LIST, ...OF_NUMBERS.filter((parameter) => !drawn.includes(parameter)), kind],
      check: (address) => asked(address, kind),
    });

  router.get(`${SUBJECTS.story.path}/:name`, taken('story', []), async (req, res) => {
    const { name: id, path, query, narrowed } = asked(req, 'story');
    if (shortened(req, res, path, query)) return;
    const whole = wholeStory(narrowed);
    const reading = handled(panel(reader.story(whole), req.log));
    const comparing = handled(
      reading.then((story) =>
        panel(
          reader.storyCosts(query, {
            most: 0,
            besides: { story: id, cost: story.ok ? story.value.value.total.cost : 0 },
          }),
          req.log,
        ),
      ),
    );
    const [answer, costs, shared] = await Promise.all([
      reading,
      comparing,
      frame(path, query, comparing, req.log, 'story'),
    ]);
    const story = answer.ok ? answer.value.value : null;
    const { asOf } = answer.ok ? answer.value.query : query;
    const names = await readNames(databases, { authors: story?.authors ?? [], stories: [id] });
    const data = {
      ...shared,
      notes: [...shared.notes, ...(story ? frozenNotes(query, story.total, format) : [])],
      id,
      title: names.stories.get(id) ?? null,
      gone: names.gone.has(id),
      authors: (story?.authors ?? []).map((author) => ({
        name: names.authors.get(author) ?? format.shortId(author),
        href: subjectUrl('author', author, { ...query, ...NO_FILTERS }),
      })),
      story: answer.ok
        ? {
            ok: true,
            value:
              answer.value.value.total.requests === 0 ? null : storyPageOf(answer.value.value, whole, names, format),
          }
        : answer,
      download: story
        ? tablesMenu(
            `${SUBJECTS.story.path}/:name`,
            frozenUrl(path, { ...query, asOf }, story.total),
            story.total,
            format,
          )
        : null,
      place: costs.ok ? { ok: true, value: storyPlace(story?.total.cost ?? 0, costs.value.value, format) } : costs,
      filtered: shared.bar.chips.length > 0,
      unfiltered: path,
      records: usageUrl(RECORDS_PATH, whole),
      overview: usageUrl(OVERVIEW_PATH, query),
    };
    render(req, res, { title: data.title ?? `Story ${format.shortId(id)}`, view: 'ai-usage/story/story', data });
  });

  for (const kind of ['author', 'model', 'action'] as const) {
    router.get(`${SUBJECTS[kind].path}/:name`, taken(kind, ['by', 'show', 'rankBy', 'rankOrder']), async (req, res) => {
      const { name, path, query, narrowed } = asked(req, kind);
      if (shortened(req, res, path, query)) return;
      const size = bucketSizeOf(query);
      const isModel = kind === 'model';
      const by = isModel ? stackOfModel(query.by) : query.by;
      const counting = handled(panel(reader.stats(narrowed, size), req.log));
      const ranking = handled(panel(reader.storyCosts(narrowed, { most: MOST_TOP_STORIES, besides: null }), req.log));
      const [stats, costs, shared] = await Promise.all([
        counting,
        ranking,
        frame(path, query, counting, req.log, kind),
      ]);
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
                `${SUBJECTS[kind].path}/:name`,
                frozenUrl(path, { ...query, asOf: stats.value.query.asOf }, total),
                total,
                format,
              )
            : null,
        parts: { models: kind !== 'model', actions: kind !== 'action' },
        overview: stats.ok
          ? {
              ok: true,
              value: overviewOf(stats.value.value, null, {
                links: {
                  // The address says which subject it is: a filter by it would say it twice.
                  here: (change) => usageUrl(path, query, change),
                  records: (change) => usageUrl(RECORDS_PATH, narrowed, change),
                },
                query: stats.value.query,
                size,
                by,
                stacks: isModel ? OF_A_MODEL : STACKS,
                format,
              }),
            }
          : stats,
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
    });
  }

  return router;
}
