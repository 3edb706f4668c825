import type { LevelBar } from '../../tables/level-bar.ts';
import type { Format } from '../../units/format.ts';
import type { Level, Measured } from '../rules/rule-type.ts';
import { valueText } from '../rules/words.ts';

/** A value beside its level, the larger of both with some room. Null where there is no level, or nothing that a bar could show. */
export function levelBar(
  value: number | null,
  level: number | null,
  reached: Level,
  measured: Measured,
  format: Format,
): LevelBar | null {
  if (value === null || level === null || level <= 0 || value < 0) return null;
  const whole = Math.max(value, level * 1.25);
  const say = (one: number) => valueText(one, measured, format);
  return {
    value: value / whole,
    level: level / whole,
    over: value < level ? null : reached,
    text: `${say(value)} of ${say(level)}`,
  };
}
