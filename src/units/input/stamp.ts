import { createHash } from 'node:crypto';
import { BadInput } from '../failures/bad-input.ts';

/** A few characters that are others where what a form was filled with has become something else. */
const stampOf = (value: unknown): string =>
  createHash('sha256').update(JSON.stringify(value)).digest('base64url').slice(0, 16);

/** Where a form that is filled with a value is sent to. */
export const stamped = (path: string, value: unknown): string => `${path}?was=${stampOf(value)}`;

/**
 * Checks that what a form was filled with is still so; `was` is of the address that it was sent to.
 * @throws BadInput where somebody has saved another form meanwhile
 */
export function checkStamp(was: unknown, value: unknown): void {
  if (was === undefined || was === stampOf(value)) return;
  throw new BadInput([
    {
      parameter: 'This form',
      message:
        'was opened before somebody saved another change. Nothing of it is saved yet: see above what it is now, and save again ' +
        'to make it what stands here.',
    },
  ]);
}
