import { totalmem } from 'node:os';
import { z } from 'zod';
import { hostWithPort, isHost } from './hosts.ts';

/** What settings take, each with the words for what it does not. */
export const webUrl = z.url({ protocol: /^https?$/, error: 'takes an http(s) URL' });

export const redisUrl = z.url({
  protocol: /^rediss?$/,
  error: 'takes an address such as redis://user:password@redis.internal:6379, or rediss:// for TLS',
});

const commaSeparated = (value: string) =>
  value
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '');

export const mailSender = z
  .string()
  .regex(
    /^([^<>"\p{Cc}]*<[^\s@<>]+@[^\s@<>]+>|[^\s@<>]+@[^\s@<>]+)$/u,
    'takes who mail is from, such as Mythoria <ai-usage@mythoria.pt>',
  );

/** Of ASCII, as the addresses of those who enter are. */
const EMAIL = /^[\x21-\x3f\x41-\x7e]+@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+$/;

const DOMAIN = /^[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+$/;

export const wholeNumber = (min: number, max: number, what: string) =>
  z
    .string()
    .regex(/^\d+$/, `takes ${what}`)
    .transform(Number)
    .pipe(z.number().min(min, `takes ${what}`).max(max, `takes ${what}`));

export const domains = z
  .string()
  .transform(commaSeparated)
  .refine((domains) => domains.length > 0 && domains.every((domain) => DOMAIN.test(domain)), {
    error: 'takes domains such as mythoria.pt,caravanconcierge.com',
  })
  // Only now: in lower case, Kelvin's sign is a "k" like any other.
  .transform((domains) => domains.map((domain) => domain.toLowerCase()));

export const emails = z.string().transform((value, { addIssue }) => {
  const emails = commaSeparated(value);
  // Nothing but commas is an accident, and would make everybody an admin.
  if (emails.length === 0 || !emails.every((email) => EMAIL.test(email)))
    addIssue('takes addresses such as ana@mythoria.pt');
  return emails.map((email) => email.toLowerCase());
});

export const secrets = z
  .string()
  .transform(commaSeparated)
  .refine((secrets) => secrets.length > 0 && secrets.every((secret) => secret.length >= 32), {
    error: 'takes one or several comma-separated secrets of at least 32 characters each, the newest first',
  });

export const hosts = z.string().transform((value, { addIssue }) => {
  const hosts = commaSeparated(value).map(hostWithPort);
  if (hosts.includes(null)) addIssue('takes hosts such as hooks.internal,10.0.0.7:8080');
  return hosts.filter((host) => host !== null);
});

/** With it a process is at 300 MB at ten million records, and finds all that pages ask for again and again (docs/decisions/memory.md). */
const MOST_MEGABYTES = 56;

/** Unless it is said, a third of what the container, or else the machine, has. */
export const memoryBudget = wholeNumber(1, 100_000, 'a number of megabytes, 1 to 100000').default(() => {
  const allowed = process.constrainedMemory() || Number.POSITIVE_INFINITY;
  return Math.max(1, Math.min(MOST_MEGABYTES, Math.floor(Math.min(allowed, totalmem()) / 3 / 2 ** 20)));
});

export const logLevel = z.enum(
  ['silent', 'fatal', 'error', 'warn', 'info', 'debug', 'trace'],
  'takes silent, fatal, error, warn, info, debug or trace',
);

export const host = z
  .string()
  .refine(isHost, 'takes an address or a name of this machine, such as 0.0.0.0, ::1 or localhost, without a port');
