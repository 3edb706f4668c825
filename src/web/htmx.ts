import type { Request, Response } from 'express';

/** The only file that knows htmx's headers (htmx 4: HX-Request-Type tells a fragment from a whole page). */

export function isHtmx(req: Request): boolean {
  return req.get('HX-Request') === 'true';
}

/** History restores and requests for the whole body ask for the page, also when htmx sends them. */
export function wantsFragment(req: Request): boolean {
  return isHtmx(req) && req.get('HX-Request-Type') === 'partial';
}

export function varyByHtmx(res: Response): void {
  res.vary('HX-Request');
  res.vary('HX-Request-Type');
}

/** htmx pushes the URL of failed requests too; the address bar should keep the last one that worked. */
export function keepAddress(res: Response): void {
  res.set('HX-Push-Url', 'false');
}

/** Puts this address into the address bar instead of the one that was asked for. */
export function pushAddress(res: Response, url: string): void {
  res.set('HX-Push-Url', url);
}

/** A redirect of the whole window: a 302 would be followed silently and land inside the fragment's target. */
export function redirectWindow(res: Response, url: string): void {
  res.set('HX-Redirect', url);
}

/** Whether the answer would take the place of what a page shows; other parts have addresses that nobody goes to. */
export function asksForContent(req: Request): boolean {
  return req.method === 'GET' && (req.get('HX-Target') ?? '').endsWith('#usage');
}

/** The address in the person's address bar when the request was made by htmx. */
export function addressBar(req: Request): string | undefined {
  return req.get('HX-Current-URL');
}
