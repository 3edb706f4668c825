import { chance, pick, type Random, wholeBetween } from './random.ts';
import type { AiAction } from './source-tables.ts';
import { HOSTILE_NOTES, type Language, SENTENCES } from './words.ts';

/** What a prompt is about. */
export type Subject = { title: string; hero: string; place: string; language: Language };

/** JSON as it is sent to a model. */
export type DemoPrompt = Readonly<Record<string, unknown>>;

const REVIEWS_OF_A_WHOLE_BOOK = 0.05;
const HOSTILE_PROMPT = 0.006;

/** The prompt of one call: mostly 200–1500 bytes, a few of tens of kB, a few that look like HTML or formulas. */
export function promptOf(random: Random, action: AiAction, model: string, subject: Subject): DemoPrompt {
  const notes = chance(random, HOSTILE_PROMPT) ? pick(random, HOSTILE_NOTES) : undefined;
  switch (action) {
    case 'image_generation':
    case 'image_edit':
      return { prompt: text(random, subject, 1, 3), size: '1024x1024', n: 1, notes };
    case 'audio_generation':
      return { input: text(random, subject, 2, 6), voice: pick(random, ['nova', 'fable', 'shimmer']), notes };
    case 'test':
      return { messages: [message('user', 'ping')] };
    default: {
      const system = message('system', INSTRUCTIONS[subject.language]);
      const story = message('user', `${subject.title}\n\n${body(random, action, subject)}`);
      const extra = notes === undefined ? [] : [message('user', notes)];
      return { model, messages: [system, story, ...extra], response_format: 'json_object' };
    }
  }
}

const INSTRUCTIONS: Readonly<Record<Language, string>> = {
  pt: 'És o editor da Mythoria. Escreves histórias para crianças em português europeu. Responde apenas em JSON.',
  en: 'You are the editor of Mythoria. You write stories for children in British English. Answer in JSON only.',
};

function body(random: Random, action: AiAction, subject: Subject): string {
  if (action === 'story_review' && chance(random, REVIEWS_OF_A_WHOLE_BOOK)) return text(random, subject, 120, 420);
  return text(random, subject, 2, 7);
}

function message(role: 'system' | 'user', content: string) {
  return { role, content };
}

function text(random: Random, subject: Subject, least: number, most: number): string {
  return Array.from({ length: wholeBetween(random, least, most) }, () => sentence(random, subject)).join(' ');
}

function sentence(random: Random, { language, hero, place }: Subject): string {
  return pick(random, SENTENCES[language]).replaceAll('{hero}', hero).replaceAll('{place}', place);
}
