import { z } from 'zod';

/** Somebody signed in. Keyed on Google's `sub`: addresses are reassigned, subjects are not. */
export type Person = { sub: string; email: string; name: string };

const claims = z.object({
  sub: z.string().min(1).max(255),
  email: z.string().max(320),
  email_verified: z.boolean(),
  hd: z.string().optional(),
  name: z.string().optional(),
});

export type Entry = { person: Person } | { refusal: string };

/** The part after the only @, in lower case; null when the address has none or several. */
export function domainOf(email: string): string | null {
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
  if (!parsed.success) return { refusal: 'Google did not say who you are.' };
  const { sub, email, email_verified: verified, hd, name } = parsed.data;
  if (!verified) return { refusal: `Google has not verified the address ${email}.` };
  const domains = allowedDomains.map((domain) => `@${domain}`).join(' or ');
  if (!isAllowed(email, allowedDomains)) return { refusal: `${email} is not an address of ${domains}.` };
  if (hd?.toLowerCase() !== domainOf(email)) {
    return { refusal: `${email} is not an account that its organisation manages at Google.` };
  }
  return { person: { sub, email: email.toLowerCase(), name: name?.trim() || email } };
}
