import express, { type Router } from 'express';
import { z } from 'zod';
import { writeAuditLog } from '../audit/log.ts';
import { personOf } from '../auth/require-person.ts';
import { aboutModel } from '../catalog/models.ts';
import type { Databases } from '../db/connect.ts';
import { isoFromInstant } from '../units/time.ts';
import { NotFound } from '../web/errors.ts';
import type { Render } from '../web/render.ts';
import { openedFromHere } from '../web/security.ts';
import { actionInfo } from './actions.ts';
import { readNames } from './names.ts';
import { RECORDS_PATH } from './paths.ts';
import { readPrompt, readRecord } from './records.ts';
import { subjectUrl } from './subjects.ts';

/** One record, and its prompt for those who ask. */
export function recordPages({ databases, render }: { databases: Databases; render: Render }): Router {
  const router = express.Router();
  const { workflows, backoffice } = databases;

  const recordData = async (id: string) => {
    if (!z.guid().safeParse(id).success) {
      throw new NotFound('A record has an id such as 6f9619ff-8b86-4011-b42d-00c04fc964ff.');
    }
    const record = await readRecord(workflows, id);
    if (!record) throw new NotFound('There is no record with this id. It may have been deleted.');
    const names = await readNames(databases, { authors: [record.authorId], stories: [record.storyId] });
    return {
      record,
      createdAt: isoFromInstant(record.createdAt),
      action: actionInfo(record.action),
      aboutModel: aboutModel(record.aiModel),
      author: names.authors.get(record.authorId) ?? null,
      story: names.stories.get(record.storyId) ?? null,
      pages: {
        action: subjectUrl('action', record.action),
        model: subjectUrl('model', record.aiModel),
        author: subjectUrl('author', record.authorId),
        story: subjectUrl('story', record.storyId),
      },
      path: RECORDS_PATH,
    };
  };

  router.get(`${RECORDS_PATH}/:id`, async (req, res) => {
    const data = await recordData(req.params.id);
    render(req, res, { title: 'Record', view: 'ai-usage/record', data: { ...data, prompt: null } });
  });

  router.get(`${RECORDS_PATH}/:id/prompt`, async (req, res) => {
    const data = await recordData(req.params.id);
    openedFromHere(req, { label: 'To the record', href: `${RECORDS_PATH}/${data.record.tokenUsageId}` });
    if (req.method === 'HEAD') return res.type('html').end();
    // Before the prompt is read: who cannot be written down does not see it.
    await writeAuditLog(backoffice, personOf(req), { action: 'open prompt', subject: data.record.tokenUsageId });
    const prompt = await readPrompt(workflows, data.record.tokenUsageId);
    render(req, res, { title: 'Record', view: 'ai-usage/record', data: { ...data, prompt } });
  });

  return router;
}
