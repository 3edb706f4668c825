import { chance, pick, type Random, randomFrom, uuidFrom } from './random.ts';
import { FIRST_NAMES, HEROES, LAST_NAMES, type Language, NAMES_BY_AUTHOR, TWISTS } from './words.ts';

export type Author = { authorId: string; displayName: string; email: string; language: Language };

/** The author whose account is gone: has usage, but no name and no stories in the Mythoria database. */
export const DELETED_AUTHOR = 5;

/** The team's own account, which runs the tests of new models. */
export const TEAM_AUTHOR = 0;

const PORTUGUESE_AUTHORS = 0.64;

/** The author of a number; the same number is the same person in every part of the demo data. */
export function authorOf(seed: string, number: number): Author {
  const key = `${seed}/author/${number}`;
  const authorId = uuidFrom(key);
  if (number === TEAM_AUTHOR) {
    return { authorId, displayName: 'Equipa Mythoria', email: 'equipa@example.com', language: 'pt' };
  }
  const random = randomFrom(key);
  const language = chance(random, PORTUGUESE_AUTHORS) ? 'pt' : 'en';
  const first = pick(random, FIRST_NAMES[language]);
  const last = pick(random, LAST_NAMES[language]);
  return {
    authorId,
    displayName: NAMES_BY_AUTHOR[number] ?? `${first} ${last}`,
    email: `${plainLetters(first)}.${plainLetters(last)}.${number}@example.com`,
    language,
  };
}

/** A story's hero and its title. */
export function bookTitle(random: Random, language: Language): { hero: string; title: string } {
  const hero = pick(random, HEROES[language]);
  const title = `${hero} ${pick(random, TWISTS[language])}`;
  if (!chance(random, 0.35)) return { hero, title };
  const child = pick(random, FIRST_NAMES[language]);
  return { hero, title: language === 'pt' ? `${title} (para ${child})` : `${title} (for ${child})` };
}

function plainLetters(name: string): string {
  return name
    .normalize('NFD')
    .toLowerCase()
    .replace(/[^a-z]/g, '');
}
