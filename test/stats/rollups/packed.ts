import { columnsIn } from '../../../src/stats/rollups/packed/columns.ts';
import { databases } from '../../support/databases.ts';

/** What a story and author had in a day; of an action and model, or of all where both are empty. */
export type PackedStory = Record<'day' | 'action' | 'model' | 'story' | 'author', string> &
  Record<'requests' | 'input' | 'output' | 'cost', number>;

const COLUMNS = ['stories', 'authors', 'requests', 'input_tokens', 'output_tokens', 'cost'] as const;

/** All that packed days hold, unpacked, in an order; costs in micro-euros. */
export async function packedStories(): Promise<PackedStory[]> {
  const { backoffice } = databases();
  const idsOf = async (of: 'story' | 'author') => {
    const rows = await backoffice(`${of}_numbers`).select<{ id: string; number: number }[]>(`${of}_id as id`, 'number');
    return new Map(rows.map(({ id, number }) => [number, id]));
  };
  const [storyOf, authorOf] = [await idsOf('story'), await idsOf('author')];
  const { rows } = await backoffice.raw<{
    rows: (Record<'day' | 'action' | 'model', string> & Record<string, Buffer>)[];
  }>(`SELECT day::text, action, model, ${COLUMNS.join()} FROM packed_days`);
  const all = rows.flatMap(({ day, action, model, ...bytes }) => {
    const [stories, ...rest] = COLUMNS.map((name) => [...(columnsIn(bytes[name] as Buffer)[0] ?? [])]);
    return (stories ?? []).map((story, i) => {
      const [author, requests, input, output, cost] = rest.map((column) => column[i] as number) as [
        ...[number, number, number, number, number],
      ];
      const [storyId, authorId] = [storyOf.get(story) as string, authorOf.get(author) as string];
      return { day, action, model, story: storyId, author: authorId, requests, input, output, cost };
    });
  });
  return inOrder(all);
}

const nameOf = ({ day, action, model, story, author }: PackedStory) => [day, action, model, story, author].join('\0');

export const inOrder = (stories: PackedStory[]): PackedStory[] =>
  stories.sort((a, b) => (nameOf(a) < nameOf(b) ? -1 : 1));
