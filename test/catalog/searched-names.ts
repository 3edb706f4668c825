import { randomUUID } from 'node:crypto';
import type { Client } from '../support/client.ts';
import { databases } from '../support/databases.ts';
import { openPage } from '../support/page.ts';

const PATH = '/ai-usage/records?pageSize=200&';

export async function nameAuthor(author_id: string, display_name: string): Promise<void> {
  await databases().mythoria('authors').insert({ author_id, display_name, email: 'a@example.com' });
}

export async function nameStory(story_id: string, title: string): Promise<void> {
  await databases().mythoria('stories').insert({ story_id, title, author_id: randomUUID() });
}

export const searchPage = (client: Client, search: string) =>
  openPage(client, `${PATH}${new URLSearchParams({ search })}`);

export async function insertNamesOf(count: number): Promise<void> {
  await databases().mythoria.raw(
    `INSERT INTO authors (display_name, email) SELECT 'Author ' || n, 'a@example.com' FROM generate_series(1, ?::integer) AS n`,
    [count],
  );
}
