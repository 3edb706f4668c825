import type { IncomingMessage } from 'node:http';

export type Routed = IncomingMessage & { baseUrl?: string; route?: { path?: unknown }; originalUrl?: string };

export const NO_ROUTE = '(none)';

/** The pattern that a request met, such as /ai-usage/stories/:storyId: one of few, whatever somebody asks for. */
export function routeOf({ baseUrl = '', route }: Routed): string {
  return typeof route?.path === 'string' ? `${baseUrl}${route.path}` : NO_ROUTE;
}
