import express, { type Request, type Response, type Router } from 'express';
import { personOf } from '../../auth/access/caller.ts';
import { type DayNote, readNote, readNotes } from '../../stats/notes/notes.ts';
import { NotFound } from '../../units/failures/not-found.ts';
import { now } from '../../units/time.ts';
import { takesOnly } from '../../web/parameters.ts';
import type { UsageSources } from '../frame/sources.ts';
import { noteChanges } from './changes.ts';
import { findNote, findToChange } from './finding-routes.ts';
import { callsInWords, noteJson } from './notes-page.ts';
import { parseNote } from './terms.ts';

const API_PATH = '/api/notes';

/** Notes on days as programs read and change them: docs/openapi.yaml. */
export function notesApi({ databases, format }: Pick<UsageSources, 'databases' | 'format'>): Router {
  const { backoffice } = databases;
  const changes = noteChanges(backoffice);
  const router = express.Router();
  const json = express.json({ limit: '20kb' });

  const asJson = async (req: Request, notes: DayNote[]) => {
    const calls = await callsInWords(notes, { databases, format }, now());
    return notes.map((note, i) => noteJson(note, calls[i] ?? '', personOf(req).sub));
  };
  const answer = async (req: Request, res: Response, status: number, note: DayNote | null) => {
    if (note === null) throw new NotFound('There is no such note.');
    const [said] = await asJson(req, [note]);
    res.status(status).json(said);
  };

  router.get(API_PATH, takesOnly([]), async (req, res) => {
    res.json({ notes: await asJson(req, await readNotes(backoffice)) });
  });
  router.post(API_PATH, takesOnly([]), json, async (req, res) => {
    const id = await changes.make(personOf(req), parseNote(req.body, format, now()));
    await answer(req, res.location(`${API_PATH}/${id}`), 201, await readNote(backoffice, id));
  });
  router.get(`${API_PATH}/:id`, takesOnly([]), async (req, res) =>
    answer(req, res, 200, await findNote(backoffice, req)),
  );
  router.put(`${API_PATH}/:id`, takesOnly([]), json, async (req, res) => {
    const note = await findToChange(backoffice, req);
    await changes.change(personOf(req), note, parseNote(req.body, format, now()));
    await answer(req, res, 200, await readNote(backoffice, note.id));
  });
  router.delete(`${API_PATH}/:id`, takesOnly([]), async (req, res) => {
    await changes.remove(personOf(req), await findToChange(backoffice, req));
    res.status(204).end();
  });

  return router;
}
