import type { Request } from 'express';
import type { Person } from '../person.ts';

/** Who asks, as it is at this request: nothing of it is kept in a session. */
type Caller = { person: Person; isAdmin: boolean };

declare global {
  namespace Express {
    interface Request {
      /** Set by `requirePerson`. */
      caller?: Caller;
    }
  }
}

/** The person of a request behind `requirePerson`. */
export function personOf(req: Request): Person {
  if (!req.caller) throw new Error('this route is not behind requirePerson');
  return req.caller.person;
}
