import ipaddr from 'ipaddr.js';

/** A household or a server is given that much of IPv6, and may take any address in it. */
const OF_ONE_CLIENT = 64;

/** What counts as one client: an IPv4 address, a /64 of IPv6, or, of all that are neither, one. */
export function clientOf(address: string | undefined): string {
  if (address === undefined || !ipaddr.isValid(address)) return 'unknown';
  const parsed = ipaddr.process(address);
  if (parsed.kind() === 'ipv4') return parsed.toString();
  return `${ipaddr.IPv6.networkAddressFromCIDR(`${parsed.toNormalizedString()}/${OF_ONE_CLIENT}`)}/${OF_ONE_CLIENT}`;
}
