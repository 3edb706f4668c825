import express, { type Request, type Response, type Router } from 'express';
import { personOf } from '../../auth/access/caller.ts';
import { NOTES_PATH } from '../../query/paths.ts';
import { type DayNote, readNotes } from '../../stats/notes/notes.ts';
import { BadInput } from '../../units/failures/bad-input.ts';
import { dayOf, now } from '../../units/time.ts';
import { panel } from '../../web/panel.ts';
import { takes } from '../../web/parameters.ts';
import type { PageDependencies } from '../frame/page-routes.ts';
import { notesApi } from './api-routes.ts';
import { changeAction, noteChanges } from './changes.ts';
import { findNote, findToChange, mayAsk } from './finding-routes.ts';
import { callsInWords, noteForm, noteLine } from './notes-page.ts';
import { parseNote } from './terms.ts';

/** What people say of days, for whoever looks at a chart of them: pages, forms and their JSON. */
export function notePages({ databases, render, format }: PageDependencies): Router {
  const { backoffice } = databases;
  const changes = noteChanges(backoffice);
  const router = express.Router();
  const form = express.urlencoded({ extended: false, limit: '20kb' });

  const lines = async (notes: DayNote[]) => {
    const calls = await callsInWords(notes, { databases, format }, now());
    return notes.map((note, i) => noteLine(note, calls[i] ?? '', format));
  };
  const list = async () => lines(await readNotes(backoffice));
  router.get(NOTES_PATH, takes([]), async (req, res) => {
    const data = { notes: await panel(list(), req.log), retry: NOTES_PATH };
    render(req, res, { title: 'Notes on days', view: 'ai-usage/notes/notes', data });
  });

  const showForm = (req: Request, res: Response, values: Record<string, unknown>, error: BadInput | null) => {
    res.status(error === null ? 200 : 400);
    const asked = { action: NOTES_PATH, saves: 'Write the note', values, problems: error?.details ?? [] };
    render(req, res, { title: 'New note', view: 'ai-usage/notes/new-note', data: { form: noteForm(asked) } });
  };
  router.get(`${NOTES_PATH}/new`, takes(['first', 'last', 'filter']), (req, res) =>
    showForm(req, res, { first: dayOf(now(), format.timeZone), ...req.query }, null),
  );
  router.post(NOTES_PATH, form, async (req, res) => {
    try {
      await changes.makeByForm(personOf(req), parseNote(req.body, format, now()));
      res.redirect(303, NOTES_PATH);
    } catch (error) {
      if (!(error instanceof BadInput)) throw error;
      showForm(req, res, req.body ?? {}, error);
    }
  });

  const showNote = async (req: Request, res: Response, note: DayNote, values: object, error: BadInput | null) => {
    res.status(error === null ? 200 : 400);
    const asked = { action: changeAction(note), saves: 'Save', values: { ...values }, problems: error?.details ?? [] };
    const [line] = await lines([note]);
    const data = { note: line, form: mayAsk(req, note) ? noteForm(asked) : null };
    render(req, res, { title: `Note of ${line?.days}`, view: 'ai-usage/notes/note', data });
  };
  router.get(`${NOTES_PATH}/:id`, takes([]), async (req, res) => {
    const note = await findNote(backoffice, req);
    await showNote(req, res, note, note, null);
  });
  router.post(`${NOTES_PATH}/:id`, form, async (req, res) => {
    const note = await findToChange(backoffice, req);
    try {
      await changes.change(personOf(req), note, parseNote(req.body, format, now()), req.query.was);
      res.redirect(303, NOTES_PATH);
    } catch (error) {
      if (!(error instanceof BadInput)) throw error;
      await showNote(req, res, note, req.body ?? {}, error);
    }
  });
  router.post(`${NOTES_PATH}/:id/delete`, async (req, res) => {
    await changes.remove(personOf(req), await findToChange(backoffice, req));
    res.redirect(303, NOTES_PATH);
  });

  router.use(notesApi({ databases, format }));
  return router;
}
