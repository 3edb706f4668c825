import { createHash, randomBytes } from 'node:crypto';
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
export function makeSecret(): string {
  const random = written(BigInt(`0x${randomBytes(32).toString('hex')}`), 43);
  return `mai_${random}${checksumOf(random)}`;
}

export function isSecret(text: string): boolean {
  const [, random = '', checksum] = SHAPE.exec(text) ?? [];
  return checksum === checksumOf(random);
}

export const hashOf = (secret: string): string => createHash('sha256').update(secret).digest('base64url');
