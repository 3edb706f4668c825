import { type LookupAddress, lookup } from 'node:dns';
import { isIP, type LookupFunction } from 'node:net';
import ipaddr from 'ipaddr.js';

/** All addresses of a name, as dns.lookup tells them: rejects where there is none. */
export type Lookup = (host: string) => Promise<LookupAddress[]>;

/** Where webhooks may go besides public hosts: "hooks.internal" or "hooks.internal:8080", in lower case. */
export type TargetRules = { allowedHosts: readonly string[]; lookup: Lookup };

const LOOKED_UP_WITHIN_MS = 5_000;

/** This machine's resolver, hosts file included: the one that a connection would ask. */
export const systemLookup: Lookup = (host) =>
  new Promise((resolve, reject) => {
    const late = () => reject(Object.assign(new Error('no answer from DNS'), { code: 'ETIMEOUT' }));
    const timer = setTimeout(late, LOOKED_UP_WITHIN_MS);
    lookup(host, { all: true, verbatim: true }, (error, addresses) => {
      clearTimeout(timer);
      if (error) reject(error);
      else resolve(addresses);
    });
  });

/** 2000::/3, all that is given out as global unicast; other blocks hold addresses of IPv4 in ever new ways. */
const GLOBAL_UNICAST = ipaddr.IPv6.parse('2000::');

/** Whether an address is of the public internet, and of one machine. */
export function isPublic(address: string): boolean {
  if (!ipaddr.isValid(address)) return false;
  const parsed = ipaddr.parse(address);
  if (parsed.range() !== 'unicast') return false;
  return parsed instanceof ipaddr.IPv4 || parsed.match(GLOBAL_UNICAST, 3);
}

/** The host of an address as an IP: a literal, in whatever way it was written; null for a name. */
function literalOf({ hostname }: URL): string | null {
  const bare = hostname.replace(/^\[|\]$/g, '');
  return isIP(bare) ? bare : null;
}

const DEFAULT_PORTS: Record<string, string> = { 'https:': '443', 'http:': '80' };

/** Whether the settings name this host: one without a port is meant with the port of https or http. */
function isAllowedHost(url: URL, { allowedHosts }: Pick<TargetRules, 'allowedHosts'>): boolean {
  const { hostname, port, protocol } = url;
  return (
    allowedHosts.includes(`${hostname}:${port || DEFAULT_PORTS[protocol]}`) ||
    (port === '' && allowedHosts.includes(hostname))
  );
}

export const URL_TAKES = 'takes an address of https://, such as https://hooks.example.com/ai-usage';
const MOST_OF_A_URL = 2_000;

/** What keeps a webhook from going to an address, as far as the address alone tells; null where nothing does. */
export function addressProblem(text: string, rules: Pick<TargetRules, 'allowedHosts'>): string | null {
  if (text.length > MOST_OF_A_URL) return `takes at most ${MOST_OF_A_URL} characters`;
  // What URL would mend in silence is no address that somebody copied whole.
  if (/[\s\p{Cc}\\]/u.test(text) || !URL.canParse(text)) return URL_TAKES;
  const url = new URL(text);
  if (!['https:', 'http:'].includes(url.protocol)) return URL_TAKES;
  if (url.username || url.password) return 'takes no user and password: whoever receives it knows us by the signature';
  if (url.hash || text.includes('#')) return 'takes no part behind #: it would not be sent';
  if (isAllowedHost(url, rules)) return null;
  if (url.protocol === 'http:')
    return 'takes https only: http is for hosts of your own, named in WEBHOOK_ALLOWED_HOSTS';
  const literal = literalOf(url);
  return literal !== null && !isPublic(literal) ? notPublic(literal) : null;
}

const notPublic = (address: string) =>
  `leads to ${address}, which is no public address; hosts of your own are named in WEBHOOK_ALLOWED_HOSTS`;

/** What is wrong with one of the addresses of a name; null where all are public. */
function addressesProblem(addresses: readonly LookupAddress[]): string | null {
  const wrong = addresses.find(({ address }) => !isPublic(address));
  return wrong ? notPublic(wrong.address) : null;
}

/** What keeps a webhook from going to an address now, its name looked up; null where nothing does. */
export async function targetProblem(text: string, rules: TargetRules): Promise<string | null> {
  const problem = addressProblem(text, rules);
  if (problem !== null) return problem;
  const url = new URL(text);
  if (isAllowedHost(url, rules) || literalOf(url) !== null) return null;
  try {
    return addressesProblem(await rules.lookup(url.hostname));
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    return `leads to ${url.hostname}, which cannot be looked up now (${code ?? 'no answer'})`;
  }
}

/** A connection's lookup leads to an address that is not public. */
export class NotPublic extends Error {
  override name = 'NotPublic';
}

/**
 * For the socket itself: looks up its name and refuses where one of the addresses is not public, so that a name which was
 * harmless when it was saved leads nowhere else now. A host of the settings may lead anywhere. Sockets do not ask it about
 * literals: addressProblem() judges those.
 */
export function guardedLookup(url: URL, rules: TargetRules): LookupFunction {
  const anywhere = isAllowedHost(url, rules);
  return (host, options, callback) => {
    rules.lookup(host).then(
      (addresses) => {
        const problem = anywhere ? null : addressesProblem(addresses);
        const [first] = addresses;
        if (problem !== null || !first) callback(new NotPublic(problem ?? `${host} has no address`), '', 0);
        else if (options.all) callback(null, addresses);
        else callback(null, first.address, first.family);
      },
      (error) => callback(error, '', 0),
    );
  };
}
