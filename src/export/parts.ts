import type { NamedAmounts } from '../tables/values.ts';
import { eurosText } from '../units/money.ts';

/** Amounts by name as JSON, euros as text with six decimals; the names as they are. */
export function partsJson(parts: NamedAmounts): string {
  return `{${[...parts].map(([name, micro]) => `${JSON.stringify(name)}:"${eurosText(micro)}"`).join(',')}}`;
}
