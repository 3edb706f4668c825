import { pgEnum } from 'drizzle-orm/pg-core';

export const aiActionType = pgEnum('ai_action_type', [
  'story_structure',
  'story_outline',
  'chapter_writing',
  'image_generation',
  'story_review',
  'character_generation',
  'story_enhancement',
  'audio_generation',
  'content_validation',
  'image_edit',
  'prompt_rewrite',
  'blog_translation',
  'character_photo_analysis',
  'test',
]);
