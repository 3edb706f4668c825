import { written } from './written.ts';

export type ActionInfo = { label: string; description: string; kind: 'text' | 'image' | 'audio' | 'other' };

/** What we know of the actions of today; one that is not here shows up by itself under a label made of its name. */
const KNOWN: Record<string, ActionInfo> = {
  story_structure: { label: 'Story structure', description: 'Plot, characters and tone of a new story', kind: 'text' },
  story_outline: { label: 'Story outline', description: 'Chapter by chapter plan', kind: 'text' },
  chapter_writing: { label: 'Chapter writing', description: 'The text of each chapter', kind: 'text' },
  image_generation: { label: 'Image generation', description: 'Covers and illustrations', kind: 'image' },
  story_review: { label: 'Story review', description: 'Consistency and language check of a whole story', kind: 'text' },
  character_generation: {
    label: 'Character generation',
    description: 'Descriptions that keep characters alike',
    kind: 'text',
  },
  story_enhancement: { label: 'Story enhancement', description: 'Rewriting for style and reading age', kind: 'text' },
  audio_generation: { label: 'Audio generation', description: 'Narration of the chapters', kind: 'audio' },
  content_validation: { label: 'Content validation', description: 'Safety and suitability for children', kind: 'text' },
  image_edit: { label: 'Image edit', description: 'Corrections to an illustration', kind: 'image' },
  prompt_rewrite: {
    label: 'Prompt rewrite',
    description: 'Prompts that a provider refused, put differently',
    kind: 'text',
  },
  blog_translation: { label: 'Blog translation', description: 'Blog posts in further languages', kind: 'text' },
  character_photo_analysis: {
    label: 'Character photo analysis',
    description: 'Describing a photo as a character',
    kind: 'image',
  },
  test: { label: 'Test', description: 'Calls made by developers', kind: 'other' },
};

const KNOWN_LABELS = new Set(Object.values(KNOWN).map(({ label }) => label));

/** What people read of an action; one that we have never heard of has the words of its own name. */
export function actionInfo(action: string): ActionInfo {
  const known = Object.hasOwn(KNOWN, action) ? KNOWN[action] : undefined;
  if (known) return known;
  return { label: labelOf(action), description: 'New action', kind: 'other' };
}

const inWords = (key: string) => key.charAt(0).toUpperCase() + key.slice(1).replaceAll('_', ' ');
const keyOf = (label: string) => label.charAt(0).toLowerCase() + label.slice(1).replaceAll(' ', '_');
const isKey = (text: string) => !/^_|_$|__| /.test(text) && keyOf(inWords(text)) === text;

/** `story_outline` in words. Any other name as it is written, in quotes where that would be the words of another: no two are alike. */
function labelOf(action: string): string {
  const words = inWords(action);
  if (isKey(action) && written(words) === words && !KNOWN_LABELS.has(words)) return words;
  const isOfAnother = KNOWN_LABELS.has(action) || (isKey(keyOf(action)) && inWords(keyOf(action)) === action);
  return isOfAnother && written(action) === action ? `"${action}"` : written(action);
}
