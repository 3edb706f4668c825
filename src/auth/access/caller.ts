import type { Request } from 'express';
import { addressText } from '../../limits/client-address.ts';
import type { Person } from '../person.ts';
import type { ApiToken } from '../tokens/store.ts';

/** Whoever a request is of; `by` says for the audit log that a token of theirs asks. */
type Asking = Person & { by?: string };

/** Who asks, as it is at this request: nothing of it is kept in a session. */
type Caller = { person: Asking; isAdmin: boolean; token: ApiToken | null };

declare global {
  namespace Express {
    interface Request {
      /** Set by `bearer` and `requirePerson`. */
      caller?: Caller;
    }
  }
}

/** The person of a request behind `requirePerson`. */
export function personOf(req: Request): Asking {
  if (!req.caller) throw new Error('this route is not behind requirePerson');
  return req.caller.person;
}

/** From where somebody asks, and never what a header says that is no address. Which proxies are believed, `PROXIES` says. */
export const addressOf = ({ ip }: Request): string => addressText(ip);
