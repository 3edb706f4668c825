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
import { isLargePrompt, isUnprintable, type OpenPrompt, openPrompt, UNPRINTABLE } from '../../stats/records/prompts.ts';
import { type FoundRecord, readRecord, type UsageRecord } from '../../stats/records/records.ts';
import { loggable } from '../../units/failures/loggable.ts';
import type { Format } from '../../units/format.ts';
import { NO_NUMBER } from '../../units/money.ts';
import { isoFromInstant, isTime, NO_TIME, now } from '../../units/time.ts';
import { type AtOnce, beginDownload, goneSignal, sendDownload } from '../../web/download.ts';
import { NotFound, Refused } from '../../web/errors.ts';
import { keepAddress } from '../../web/htmx.ts';
import { takes, takesOnly } from '../../web/parameters.ts';
import type { Render } from '../../web/render.ts';
import { openedFromHere } from '../../web/security.ts';
import { subjectUrl } from '../frame/subjects.ts';
import { readPromptExcerpt } from './prompt-excerpt.ts';
import { type PromptView, promptView } from './prompt-view.ts';

const DELETED = 'There is no record with this id. It may have been deleted.';

type RecordDependencies = { databases: Databases; render: Render; format: Format; atOnce: AtOnce };

/** One record, and its prompt for those who ask. */
export function recordPage({ databases, render, format, atOnce }: RecordDependencies): Router {
  const router = express.Router();
  const { workflows, backoffice } = databases;

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

  const show = async (
    req: Request,
    res: Response,
    { record, mayReadPrompt }: FoundRecord,
    { prompt = null, closed = null }: { prompt?: PromptView | null; closed?: string | null },
  ) => {
    const names = await readNames(databases, { authors: [record.authorId], stories: [record.storyId] });
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
        action: subjectUrl('action', record.action),
        model: subjectUrl('model', record.aiModel),
        author: subjectUrl('author', record.authorId),
        story: subjectUrl('story', record.storyId),
      },
      path: RECORDS_PATH,
      prompt,
      closed,
      mayOpen: mayReadPrompt,
    };
    render(req, res, { title: 'Record', view: 'ai-usage/record/record', data });
  };

  router.get(`${RECORDS_PATH}/:id`, takes([]), async (req, res) => {
    const found = await find(req.params.id);
    await show(req, res, found, { closed: found.mayReadPrompt ? null : NO_RIGHT });
  });

  router.get(`${RECORDS_PATH}/:id/prompt`, takes([]), async (req: Request<{ id: string }>, res) => {
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
      await show(req as Request, res, found, { prompt: promptView(record.tokenUsageId, excerpt, format) });
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
