import { createHash, createHmac, randomBytes } from 'node:crypto';
import { crc32 } from 'node:zlib';

const ALPHABET = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
const BASE = BigInt(ALPHABET.length);
/** 256 bits take 43 letters of 62, 32 bits take six. */
const SHAPE = /^mai_([0-9A-Za-z]{43})([0-9A-Za-z]{6})$/;

function written(number: bigint, letters: number): string {
  let text = '';
  for (let rest = number; rest > 0n; rest /= BASE) text = ALPHABET.charAt(Number(rest % BASE)) + text;
  return text.padStart(letters, '0');
}

const checksumOf = (random: string) => written(BigInt(crc32(random)), 6);

/**
 * "mai_", 256 random bits, and the CRC-32 of their letters: a scanner of secrets knows one when it sees it, and what is none is
 * refused without asking the database (docs/decisions/tokens.md).
 */
export function makeSecret(random = randomBytes(32)): string {
  const letters = written(BigInt(`0x${random.toString('hex')}`), 43);
  return `mai_${letters}${checksumOf(letters)}`;
}

/** What a page puts into its form, 256 random bits that nobody keeps. */
export const makeFormKey = (): string => randomBytes(32).toString('base64url');
const FORM_KEY = /^[\w-]{43}$/;

/**
 * The secret that a form asks for, `words` being all that it says: the same however often it is sent, whichever replica answers,
 * and to be had from neither the form nor `sessionSecret` alone. A new one each time where it has no key, as a program's has none.
 */
export function secretOfForm(formKey: unknown, words: readonly unknown[], sessionSecret: string): string {
  if (typeof formKey !== 'string' || !FORM_KEY.test(formKey)) return makeSecret();
  const hmac = createHmac('sha256', sessionSecret).update(JSON.stringify(['api token', formKey, ...words]));
  return makeSecret(hmac.digest());
}

export function isSecret(text: string): boolean {
  const [, random = '', checksum] = SHAPE.exec(text) ?? [];
  return checksum === checksumOf(random);
}

export const hashOf = (secret: string): string => createHash('sha256').update(secret).digest('base64url');
