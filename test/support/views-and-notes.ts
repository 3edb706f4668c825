import { addTime, HOUR, isoFromInstant, now, postgresFromInstant } from '../../src/units/time.ts';
import { databases } from './databases.ts';

export const VIEW = '6c8b74fd-1e0a-4c4f-8d7b-9b5a4d1f2e38';
export const OLD_VIEW = VIEW.replace(/.$/, '9');
export const NOTE = '7d9c85fe-2f1b-4d5a-9e8c-0c6b5e2a3f49';

/** On a day and on several, about all calls and about some, one of them changed. */
export async function fillNotes(longText: string): Promise<void> {
  const [today, before] = [0n, -5n].map((days) => isoFromInstant(addTime(now(), days * 24n * HOUR)).slice(0, 10));
  const note = { person: 'gone', writer: `${'ana'.padEnd(60, '.sousa')}@mythoria.pt`, filter: '' };
  await databases()
    .backoffice('day_notes')
    .insert([
      { ...note, note_id: NOTE, first: before, last: today, text: longText },
      {
        ...{ ...note, note_id: NOTE.replace(/.$/, '8'), first: before, last: before, text: 'Price cut gpt-5' },
        ...{
          filter: 'model=gpt-5',
          changed_at: postgresFromInstant(now()),
          changed_by: 'rui.costa@caravanconcierge.com',
        },
      },
    ])
    .onConflict('note_id')
    .ignore();
}

/** Everyone's, of somebody who is gone and of somebody signed in; one of them with an address that is no longer understood. */
export async function fillViews(longName: string, author: string): Promise<void> {
  const view = { person: '101', owner: 'ana.sousa@mythoria.pt', shared: true };
  const address = `/ai-usage?period=last-month&author=${author}&breakdown=story`;
  const { backoffice } = databases();
  await backoffice('saved_views')
    .insert([
      { ...view, view_id: VIEW, name: longName, address },
      { ...view, view_id: OLD_VIEW, person: 'gone', name: 'Of before', address: '/ai-usage/records?period=2d' },
    ])
    .onConflict('view_id')
    .ignore();
  const star = { person: '101', view_id: VIEW, place: 1 };
  await backoffice('starred_views').insert(star).onConflict(['person', 'view_id']).ignore();
}
