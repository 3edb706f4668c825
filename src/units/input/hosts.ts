import { isIP } from 'node:net';

/** Whether a text is an address or a name of a machine. A name's last part is no number: that would be an address, and a wrong one. */
export function isHost(host: string): boolean {
  return isIP(host) !== 0 || /^([a-z0-9]([a-z0-9-]*[a-z0-9])?\.)*[a-z]([a-z0-9-]*[a-z0-9])?$/i.test(host);
}

/** Whether a host is this machine; names below localhost are, too (RFC 6761, section 6.3). */
export const isLoopback = (host: string) => /^(([a-z0-9-]+\.)*localhost|127(\.\d{1,3}){3}|\[?::1\]?)$/i.test(host);

/** "Hooks.internal:8080" as URL would have its host; null for what is none. */
export function hostWithPort(text: string): string | null {
  const [, host = '', port] = /^(\[[\da-f:.]+\]|[^:/@\s]+)(?::(\d{1,5}))?$/i.exec(text) ?? [];
  if (!isHost(host.replace(/^\[|\]$/g, '')) || Number(port ?? 1) < 1 || Number(port ?? 1) > 65535) return null;
  return new URL(`http://${host}`).hostname + (port ? `:${Number(port)}` : '');
}
