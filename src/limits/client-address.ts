import ipaddr from 'ipaddr.js';

/** A household or a server is given that much of IPv6, and may take any address in it. */
const OF_ONE_CLIENT = 64;

/** Some proxies say the port as well: "203.0.113.7:51234", "[2001:db8::7]:51234". */
const WITH_PORT = /^(?:\[([^\]]+)\]|([\d.]+))(?::\d+)?$/;

const parsed = (address: string | undefined) => {
  const [, ipv6, ipv4] = WITH_PORT.exec(address ?? '') ?? [];
  const text = ipv6 ?? ipv4 ?? address ?? '';
  return ipaddr.isValid(text) ? ipaddr.process(text) : null;
};

/** An address as people know it: of IPv4 as such, also where IPv6 carries it, and without a port; of what is none "unknown". */
export const addressText = (address: string | undefined): string => parsed(address)?.toString() ?? 'unknown';

/** What counts as one client: an IPv4 address, a /64 of IPv6, or, of all that are neither, one. */
export function clientOf(address: string | undefined): string {
  const of = parsed(address);
  if (of === null) return 'unknown';
  if (of.kind() === 'ipv4') return of.toString();
  return `${ipaddr.IPv6.networkAddressFromCIDR(`${of.toNormalizedString()}/${OF_ONE_CLIENT}`)}/${OF_ONE_CLIENT}`;
}
