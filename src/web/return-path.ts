import { withoutMarks } from './parameters.ts';

/** What a cookie of 4,096 bytes holds when it is sealed. */
const MOST_CHARACTERS = 2_000;

/**
 * A path of our own site, query included, from whatever a link or header says; "/" when it leads anywhere else.
 * The URL parser decides, as in the browser: prefix checks let `//evil`, `/\evil` and control characters through.
 */
export function returnPath(target: unknown, appUrl: URL): string {
  if (typeof target !== 'string' || !URL.canParse(target, appUrl.href)) return '/';
  const url = withoutMarks(new URL(target, appUrl));
  if (url.origin !== appUrl.origin) return '/';
  const path = url.pathname + url.search;
  // The parser makes three characters of a space and nine of a €, so only its result has a length worth knowing.
  if (path.length > MOST_CHARACTERS) return '/';
  // A pathname may itself begin with two slashes ("/.//evil" becomes "//evil": another site), or with none ("blob:").
  return /^\/(?!\/)/.test(path) ? path : '/';
}
