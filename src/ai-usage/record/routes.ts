import express, { type Request, type Response, type Router } from 'express';
import { z } from 'zod';
import { personOf } from '../../auth/access/caller.ts';
import { actionInfo } from '../../catalog/actions.ts';
import { aboutModel } from '../../catalog/models.ts';
import { readNames } from '../../catalog/names.ts';
import { written } from '../../catalog/written.ts';
import { writeAuditLog } from '../../db/audit-log.ts';
import type { Databases } from '../../db/connect.ts';
import { NO_RIGHT } from '../../db/required-columns.ts';
import { RECORDS_PATH } from '../../query/paths.ts';
import { OF_NUMBERS, PAGE_PARAMETERS, parseUsageQuery, usageUrl } from '../../query/query.ts';
import type { UsageReader } from '../../stats/reader.ts';
import { isLargePrompt, isUnprintable, type OpenPrompt, openPrompt, UNPRINTABLE } from '../../stats/records/prompts.ts';
import { type FoundRecord, readRecord, readRepeats, type UsageRecord } from '../../stats/records/records.ts';
import { costPerMillionTokens } from '../../tables/cells.ts';
import { loggable } from '../../units/failures/loggable.ts';
import { NotFound } from '../../units/failures/not-found.ts';
import type { Format } from '../../units/format.ts';
import { NO_NUMBER } from '../../units/money.ts';
import { isoFromInstant, isTime, NO_TIME, now } from '../../units/time.ts';
import { type AtOnce, beginDownload, goneSignal, sendDownload } from '../../web/download.ts';
import { Refused } from '../../web/errors.ts';
import { keepAddress } from '../../web/htmx.ts';
import { type Panel, panel } from '../../web/panel.ts';
import { type Address, takes, takesOnly } from '../../web/parameters.ts';
import type { Render } from '../../web/render.ts';
import { openedFromHere } from '../../web/security.ts';
import { pageLimits } from '../frame/sources.ts';
import { subjectUrl } from '../frame/subjects.ts';
import { listsOf } from '../records/narrowing.ts';
import { readNeighbours, recordUrl } from './neighbours.ts';
import { readPromptExcerpt } from './prompt-excerpt.ts';
import { type PromptView, promptView } from './prompt-view.ts';

const DELETED = 'There is no record with this id. It may have been deleted.';

type RecordDependencies = { databases: Databases; reader: UsageReader; render: Render; format: Format; atOnce: AtOnce };

/** What stands below its facts: its prompt and the calls that repeat it, or why it is closed. */
type Shown = { prompt?: PromptView | null; closed?: string | null; repeats?: Panel<UsageRecord[]> | null };

/** One record, and its prompt for those who ask. */
export function recordPage({ databases, reader, render, format, atOnce }: RecordDependencies): Router {
  const router = express.Router();
  const { workflows, backoffice } = databases;
  const limits = pageLimits(format);

  const find = async (id: string) => {
    if (!z.guid().safeParse(id).success) {
      throw new NotFound('A record has an id such as 6f9619ff-8b86-4011-b42d-00c04fc964ff.');
    }
    const found = await readRecord(workflows, id);
    if (!found) throw new NotFound(DELETED);
    return found;
  };

  /** Before the prompt is read: who cannot be written down does not see it. */
  const writeDown = (req: Request, { tokenUsageId }: UsageRecord, details: string) =>
    writeAuditLog(backoffice, personOf(req), { action: 'open prompt', subject: tokenUsageId, details });

  const toRecord = ({ tokenUsageId }: UsageRecord) => ({
    label: 'To the record',
    href: `${RECORDS_PATH}/${tokenUsageId}`,
  });

  const repeatsOf = (repeats: Panel<UsageRecord[]>) =>
    repeats.ok
      ? {
          failed: null,
          calls: repeats.value.map(({ tokenUsageId, createdAt, cost }) => ({
            href: `${RECORDS_PATH}/${tokenUsageId}`,
            time: isTime(createdAt) ? format.instant(createdAt) : NO_TIME,
            cost: cost === null ? NO_NUMBER : format.exactEuros(cost),
          })),
        }
      : { failed: repeats.message, calls: [] };

  const show = async (
    req: Request,
    res: Response,
    { record, mayReadPrompt }: FoundRecord,
    { prompt = null, closed = null, repeats = null }: Shown,
  ) => {
    const query = parseUsageQuery(req.query, limits, now());
    const [names, beside] = await Promise.all([
      readNames(databases, { authors: [record.authorId], stories: [record.storyId] }),
      panel(readNeighbours({ reader, workflows }, record, query), req.log),
    ]);
    const data = {
      record,
      createdAt: isTime(record.createdAt) ? isoFromInstant(record.createdAt) : null,
      noTime: isTime(record.createdAt) ? null : { text: NO_TIME, where: record.createdAt < now() ? 'before' : 'after' },
      noNumber: record.cost === null ? NO_NUMBER : null,
      action: actionInfo(record.action),
      model: { name: written(record.aiModel), about: aboutModel(record.aiModel) },
      author: names.authors.get(record.authorId) ?? null,
      story: names.stories.get(record.storyId) ?? null,
      pages: {
        action: subjectUrl('action', record.action, query),
        model: subjectUrl('model', record.aiModel, query),
        author: subjectUrl('author', record.authorId, query),
        story: subjectUrl('story', record.storyId, query),
      },
      narrower: listsOf(record, query),
      path: RECORDS_PATH,
      beside: beside.ok ? beside.value : null,
      list: usageUrl(RECORDS_PATH, query),
      open: recordUrl(`${record.tokenUsageId}/prompt`, query),
      perMillionTokens:
        record.cost === null || record.totalTokens <= 0 ? null : costPerMillionTokens(record.cost, record.totalTokens),
      repeats: repeats && repeatsOf(repeats),
      prompt,
      closed,
      mayOpen: mayReadPrompt,
    };
    render(req, res, { title: 'Record', view: 'ai-usage/record/record', data });
  };

  // The view of the list that it was opened from.
  const taken = takes(PAGE_PARAMETERS, {
    carried: OF_NUMBERS,
    check: ({ query }: Pick<Address, 'query'>) => parseUsageQuery(query, limits, now()),
  });

  router.get(`${RECORDS_PATH}/:id`, taken, async (req, res) => {
    const found = await find(req.params.id);
    await show(req, res, found, { closed: found.mayReadPrompt ? null : NO_RIGHT });
  });

  router.get(`${RECORDS_PATH}/:id/prompt`, taken, async (req: Request<{ id: string }>, res) => {
    const found = await find(req.params.id);
    const { record } = found;
    openedFromHere(req as Request, toRecord(record));
    if (!found.mayReadPrompt) {
      res.status(403);
      keepAddress(res);
      return show(req as Request, res, found, { closed: NO_RIGHT });
    }
    if (req.method === 'HEAD') return res.type('html').end();
    // It is printed as a whole before its beginning is cut off: it takes a place and a connection of the downloads.
    const isLarge = await isLargePrompt(workflows, record.tokenUsageId);
    const release = isLarge ? await beginDownload(atOnce, personOf(req as Request)) : async () => {};
    const gone = goneSignal(res);
    try {
      await writeDown(req as Request, record, '');
      const pool = isLarge ? databases.exports : workflows;
      const excerpt = await readPromptExcerpt(databases, pool, record.tokenUsageId, gone);
      if (!excerpt) throw new NotFound(DELETED);
      // Of what is too large to be looked at in a moment it is not asked.
      const repeats = isLarge ? null : await panel(readRepeats(workflows, record), req.log);
      await show(req as Request, res, found, { prompt: promptView(record.tokenUsageId, excerpt, format), repeats });
    } catch (error) {
      if (gone.aborted) return;
      if (!isUnprintable(error)) throw error;
      await show(req as Request, res, found, { closed: UNPRINTABLE });
    } finally {
      await release();
    }
  });

  router.get(`${RECORDS_PATH}/:id/prompt.json`, takesOnly([]), async (req: Request<{ id: string }>, res) => {
    const { record, mayReadPrompt } = await find(req.params.id);
    openedFromHere(req as Request, toRecord(record));
    if (!mayReadPrompt) throw new Refused(NO_RIGHT);
    const describe = () => res.attachment(`prompt-${record.tokenUsageId}.json`).type('application/json');
    if (req.method === 'HEAD') return describe().end();
    const release = await beginDownload(atOnce, personOf(req as Request));
    const gone = goneSignal(res);
    let opened: OpenPrompt | null = null;
    try {
      await writeDown(req as Request, record, 'all of it, as a file');
      opened = await openPrompt(databases, record.tokenUsageId, gone);
      if (!opened) throw new NotFound(DELETED);
      describe();
      const sending = await sendDownload(res, opened.pieces, gone);
      if (sending.outcome === 'failed') req.log.error({ error: loggable(sending.error) }, 'prompt failed');
    } catch (error) {
      if (gone.aborted) return;
      throw isUnprintable(error) ? new Refused(UNPRINTABLE) : error;
    } finally {
      await opened?.close();
      await release();
    }
  });

  return router;
}
