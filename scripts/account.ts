import { hostname, userInfo } from 'node:os';

/** Who runs this: in a container a number may have no name. */
export function account(): string {
  const name = () => {
    try {
      return userInfo().username;
    } catch {
      return `uid-${process.getuid?.() ?? 'unknown'}`;
    }
  };
  return `${name()}@${hostname()}`;
}
