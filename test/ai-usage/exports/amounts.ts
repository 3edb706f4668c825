import { microEurosFromNumeric } from '../../../src/units/money.ts';

export const COST = 'Cost (€)';
export const sum = (amounts: number[]) => amounts.reduce((a, b) => a + b, 0);
export const microOf = (text: string | undefined) => microEurosFromNumeric(text ?? '');
