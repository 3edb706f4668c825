import { z } from 'zod';

/** Somebody signed in. Keyed on Google's `sub`: addresses are reassigned, subjects are not. */
export const personShape = z.object({ sub: z.string(), email: z.string(), name: z.string() });
export type Person = z.infer<typeof personShape>;

/** A subject is ASCII (OpenID Connect Core, section 2), and so are our addresses: "K" with Kelvin's sign is no "k". */
const ASCII = /^[\x20-\x7e]+$/;

const claims = z.object({
  sub: z.string().max(255).regex(ASCII),
  email: z.string().max(320),
  email_verified: z.boolean(),
  hd: z.string().optional(),
  name: z.string().optional(),
});

const MOST_OF_A_NAME = 200;

const VISIBLE = /[^\p{Cf}\p{Default_Ignorable_Code_Point}\s]/u;

/**
 * A name as it can be stored and printed: without NUL, halves of characters and those that turn a line of text around.
 * Empty where nothing of it can be seen.
 */
function readable(name: string): string {
  const words = name.replace(/[\p{Cc}\p{Cs}\p{Bidi_Control}\s]+/gu, ' ').trim();
  const letters = Array.from(words.slice(0, 3 * MOST_OF_A_NAME));
  if (!VISIBLE.test(words)) return '';
  return letters.length > MOST_OF_A_NAME ? `${letters.slice(0, MOST_OF_A_NAME).join('')}…` : words;
}

export type Entry =
  | { person: Person }
  | { refusal: string; reason: 'unnamed' | 'letters' | 'unverified' | 'domain' | 'not managed' };

/** The part after the only @, in lower case; null when the address has none or several, or other characters than ASCII. */
export function domainOf(email: string): string | null {
  if (!ASCII.test(email)) return null;
  const parts = email.toLowerCase().split('@');
  return parts.length === 2 && parts[0] !== '' && parts[1] ? parts[1] : null;
}

export function isAllowed(email: string, allowedDomains: string[]): boolean {
  const domain = domainOf(email);
  return domain !== null && allowedDomains.includes(domain);
}

/**
 * Who may enter: a verified address of an allowed domain, which Google itself says it hosts (`hd`; the parameter of the
 * same name in the request is only a hint). `profile` is the userinfo answer as it came.
 */
export function mayEnter(profile: unknown, allowedDomains: string[]): Entry {
  const parsed = claims.safeParse(profile);
  if (!parsed.success) return { refusal: 'Google did not say who you are.', reason: 'unnamed' };
  const { sub, email, email_verified: verified, hd, name } = parsed.data;
  if (!ASCII.test(email))
    return { refusal: 'The address that Google named has letters that no address of ours has.', reason: 'letters' };
  if (!verified) return { refusal: `Google has not verified the address ${email}.`, reason: 'unverified' };
  const domains = allowedDomains.map((domain) => `@${domain}`).join(' or ');
  if (!isAllowed(email, allowedDomains))
    return { refusal: `${email} is not an address of ${domains}.`, reason: 'domain' };
  if (hd === undefined || !ASCII.test(hd) || hd.toLowerCase() !== domainOf(email)) {
    return { refusal: `${email} is not an account that its organisation manages at Google.`, reason: 'not managed' };
  }
  return { person: { sub, email: email.toLowerCase(), name: readable(name ?? '') || email } };
}
