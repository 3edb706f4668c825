import { z } from 'zod';
import { plainNumber } from '../export/plain-number.ts';
import type { Day } from '../units/calendar.ts';
import { BadInput, type ParameterProblem } from '../units/failures/bad-input.ts';
import { readableName, readFields, withoutAnswers } from '../units/input/fields.ts';
import { parseDay } from '../units/time.ts';
import { CURRENCIES, type PriceExists, type PriceTerms, RATES } from './store.ts';

export const PRICES_PATH = '/prices';

export const pricePath = (id: string): string => `${PRICES_PATH}/${id}`;

const MOST_OF_A_MODEL = 100;
const MOST_OF_AN_ACTION = 63;
const MOST_OF_A_SOURCE = 300;
const MOST_OF_AN_INTEGER = 2_147_483_647;

const RATE_TAKES =
  'takes a number from 0, with at most six digits before and nine after the point, such as 1.25; or nothing';
const FROM_TAKES = 'takes the first day of the price, such as 2026-12-01';
/** What a model that is paid for by its tokens has to say. */
const NEEDED = ['inputPerMillion', 'outputPerMillion'] as const;
/** What a model may be paid for by in place of tokens. */
const INSTEAD = ['perImage', 'perThousandCharacters'] as const;

const DECIMAL = /^\d{1,6}(\.\d{1,9})?$/;

/** JSON has numbers, a form and a file have text; a number is its shortest decimal. */
const asText = (takes: string) =>
  z
    .union([z.string(), z.number()], takes)
    .nullable()
    .default(null)
    .transform((value) => (typeof value === 'number' ? plainNumber(value) : (value ?? '').trim()));

/** "1.250" as "1.25": one number is one text. */
const shortest = (text: string) =>
  text.replace(/^0+(?=\d)/, '').replace(/(\.\d*?)0+$/, (_, kept) => kept.replace(/\.$/, ''));

const rate = asText(RATE_TAKES)
  .refine((text) => text === '' || DECIMAL.test(text), RATE_TAKES)
  .transform((text) => (text === '' ? null : shortest(text)));

const whole = (least: number, takes: string) =>
  asText(takes)
    .refine((text) => text === '' || (/^\d{1,10}$/.test(text) && isWithin(Number(text), least)), takes)
    .transform((text) => (text === '' ? null : Number(text)));
const isWithin = (value: number, least: number) => value >= least && value <= MOST_OF_AN_INTEGER;

/** Of text that may be left out. */
const orNothing = (name: ReturnType<typeof readableName>) =>
  z.preprocess(
    (given) => (typeof given === 'string' && given.trim() === '' ? null : given),
    name.nullable().default(null),
  );

const shape = {
  model: readableName(MOST_OF_A_MODEL, 'the name of a model, or one with * for any text,'),
  action: orNothing(readableName(MOST_OF_AN_ACTION, 'an action, such as image_edit,')),
  from: z
    .string(FROM_TAKES)
    .trim()
    .refine((text) => /^(?!0000)\d{4}-/.test(text) && parseDay(text) !== null, FROM_TAKES)
    .transform((text) => parseDay(text) as Day),
  aboveInputTokens: whole(0, `takes a whole number from 0 to ${MOST_OF_AN_INTEGER}`).transform((count) => count ?? 0),
  currency: z.enum(CURRENCIES, `takes ${CURRENCIES.join(' or ')}`),
  inputPerMillion: rate,
  cachedInputPerMillion: rate,
  outputPerMillion: rate,
  reasoningPerMillion: rate,
  perImage: rate,
  outputTokensPerImage: whole(1, `takes a whole number from 1 to ${MOST_OF_AN_INTEGER}, or nothing`),
  perThousandCharacters: rate,
  source: orNothing(readableName(MOST_OF_A_SOURCE, 'where the price is from,')),
};
/** What an answer says besides. */
const READ_ONLY = ['id', 'createdAt', 'createdBy', 'withdrawnAt', 'withdrawnBy'];

const isGiven = (value: unknown) => value !== undefined && value !== null && String(value).trim() !== '';

/** What is wrong with fields of which each may be right. */
function problemsTogether(body: Record<string, unknown>): ParameterProblem[] {
  const isPaidByTokens = !INSTEAD.some((name) => isGiven(body[name]));
  const missing = isPaidByTokens ? NEEDED.filter((name) => !isGiven(body[name])) : [];
  const problems = missing.map((parameter) => ({
    parameter,
    message: `is missing: only with ${INSTEAD.join(' or ')} may it be left out`,
  }));
  const isIdle = isGiven(body.outputTokensPerImage) && !isGiven(body.perImage);
  return isIdle ? [...problems, { parameter: 'outputTokensPerImage', message: 'goes with perImage only' }] : problems;
}

/**
 * Reads the fields of a form, a JSON object or a line of a file.
 * @throws BadInput with every field that is wrong and what it takes
 */
export function parsePrice(given: unknown): PriceTerms {
  const body = withoutAnswers(given, READ_ONLY);
  const { values, problems } = readFields(shape, body, 'a price');
  const all = [...problems, ...problemsTogether(body as Record<string, unknown>)];
  if (values === null || all.length > 0) throw new BadInput(all);
  return values;
}

/** "USD 1.25 input, 10 output per million tokens", for whoever reads a line of the audit log. */
export function ratesInWords(terms: PriceTerms): string {
  const rates = RATES.flatMap(({ name, words }) => (terms[name] === null ? [] : `${terms[name]} ${words}`));
  return `${terms.currency} ${rates.join(', ')}`;
}

/** "gpt-5", "gpt-5 for image_edit above 200000 input tokens". */
export const priceName = ({ model, action, aboveInputTokens }: PriceTerms): string =>
  [model, action && `for ${action}`, aboveInputTokens > 0 && `above ${aboveInputTokens} input tokens`]
    .filter(Boolean)
    .join(' ');

/** What there may be one of: two prices are of the same where this is. */
export const priceKey = ({ model, action, from, aboveInputTokens }: PriceTerms): string =>
  JSON.stringify([model, action, from, aboveInputTokens]);

export const priceInWords = (terms: PriceTerms): string =>
  `${priceName(terms)} from ${terms.from}: ${ratesInWords(terms)}${terms.source === null ? '' : `; ${terms.source}`}`;

/** What is said where there is one of the same model, action, day and tier. */
export const existsInWords = ({ price }: PriceExists): string =>
  `There is a price of ${priceName(price)} from ${price.from} already: ${ratesInWords(price)}. Withdraw or correct that one.`;
