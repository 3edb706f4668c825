import { type Instant, isoFromInstant } from '../units/time.ts';
import type { Column } from './table.ts';
import type { Value, ValueKind } from './values.ts';

/** "2026-10-31T10:00:00Z": the one way in which FOCUS (https://focus.finops.org/focus-specification/v1-2/) writes an instant. */
export const focusInstant = (instant: Instant): string => isoFromInstant(instant).replace(/\.\d+Z$/, 'Z');

/** Makes columns of charges under the names of FOCUS. */
export function focusColumns<Charge>() {
  const column = (name: string, kind: ValueKind, value: (charge: Charge) => Value): Column<Charge> => ({
    ...{ name, label: name, kind, value },
  });
  return { column, same: (name: string, text: string) => column(name, 'text', () => text) };
}
