import { z } from 'zod';
import { type Channel, type ChannelTerms, WEBHOOK_FORMATS } from '../../delivery/channels.ts';
import { addressProblem, type TargetRules, targetProblem, URL_TAKES } from '../../delivery/targets.ts';
import { BadInput } from '../../units/failures/bad-input.ts';
import { readableName, readFields, withoutAnswers } from '../../units/input/fields.ts';
import { shownUrl } from './channel-words.ts';

const MOST_OF_A_NAME = 100;
const MOST_ADDRESSES = 20;
const MOST_OF_AN_ADDRESS = 254;
const TO_TAKES = `takes 1 to ${MOST_ADDRESSES} e-mail addresses`;
const TYPES = ['email', 'webhook'] as const;
const TYPE_TAKES = `takes ${TYPES.join(', ')}`;

const isAddress = (text: string) => text.length <= MOST_OF_AN_ADDRESS && z.email().safeParse(text).success;

/** JSON has addresses as a list, a form as text with commas or line breaks between them. */
const to = z
  .union([z.string().transform((text) => text.split(/[,;\s]+/)), z.array(z.string())], TO_TAKES)
  .transform((addresses) => [
    ...new Set(addresses.map((address) => address.trim()).filter((address) => address !== '')),
  ])
  .superRefine((addresses, { addIssue }) => {
    if (addresses.length === 0 || addresses.length > MOST_ADDRESSES) return addIssue(TO_TAKES);
    const wrong = addresses.find((address) => !isAddress(address));
    if (wrong !== undefined) addIssue(`${TO_TAKES}; “${wrong.slice(0, 60)}” is none`);
  });

const name = readableName(MOST_OF_A_NAME);
const EMAIL = { type: z.literal('email'), name, to };
const WEBHOOK = {
  type: z.literal('webhook'),
  name,
  url: z.string(URL_TAKES).trim(),
  format: z.enum(WEBHOOK_FORMATS, `takes ${WEBHOOK_FORMATS.join(', ')}`).default('json'),
};
/** What an answer says besides. */
const READ_ONLY = ['id', 'owner'];
/** Of neither type: what else is wrong is said all the same. */
const UNTYPED = {
  type: z.enum(TYPES, TYPE_TAKES),
  name,
  to: z.unknown().optional(),
  url: z.unknown().optional(),
  format: z.unknown().optional(),
};

/**
 * Reads a channel out of the fields of a form or a JSON object. `current` is what it is now, where it is one: its address is
 * not judged again, and may be given as it is shown.
 * @throws BadInput with every field that is wrong and what it takes
 */
export async function parseChannel(given: unknown, rules: TargetRules, current: Channel | null): Promise<ChannelTerms> {
  const body = withoutAnswers(given, READ_ONLY);
  const type = (body as { type?: unknown } | null)?.type;
  if (type === 'email') {
    const { values, problems } = readFields(EMAIL, body, 'a channel for e-mail');
    if (values === null || problems.length > 0) throw new BadInput(problems);
    return values;
  }
  if (type !== 'webhook') throw new BadInput(readFields(UNTYPED, body, 'a channel').problems);
  const { values, problems } = readFields(WEBHOOK, body, 'a webhook');
  if (values === null) {
    const { url } = body as { url?: unknown };
    const problem = typeof url === 'string' ? addressProblem(url.trim(), rules) : null;
    throw new BadInput([...problems, ...(problem === null ? [] : [{ parameter: 'url', message: problem }])]);
  }
  const kept =
    current?.type === 'webhook' && [current.url, shownUrl(current)].includes(values.url) ? current.url : null;
  const problem = kept === null ? await targetProblem(values.url, rules) : null;
  if (problem !== null) problems.push({ parameter: 'url', message: problem });
  if (problems.length > 0) throw new BadInput(problems);
  return { ...values, url: kept ?? new URL(values.url).href };
}
