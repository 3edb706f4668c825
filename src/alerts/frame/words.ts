import type { Format } from '../../units/format.ts';
import type { Level, Measured } from '../rules/rule-type.ts';
import { valueText } from '../rules/words.ts';

export const ALERTS_PATH = '/alerts';

export const LEVEL_WORDS: Record<Level, string> = { warning: 'warning', critical: 'critical' };

/** What a value is held against: "level €20.00, usually €16.00"; empty where nothing is. */
export function againstText(
  { limit, usual }: { limit: number | null; usual: number | null },
  measured: Measured,
  format: Format,
): string {
  const said = [
    ...(limit === null ? [] : [`level ${valueText(limit, measured, format)}`]),
    ...(usual === null ? [] : [`usually ${valueText(usual, measured, format)}`]),
  ];
  return said.join(', ');
}
