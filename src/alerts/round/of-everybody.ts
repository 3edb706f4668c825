import { RollupsChanged } from '../../stats/rollups/coverage.ts';
import { isUnavailable } from '../../units/failures/unavailable.ts';
import { NoNumber } from '../../units/money.ts';

/** Out of time, of memory, of room for temporary files. */
const OF_ONE_QUERY = ['57014', '53200', '53400'];

/** What no single rule is to blame for; one that takes longer than there is time is. */
export const isOfEverybody = (error: unknown): boolean =>
  error instanceof RollupsChanged ||
  error instanceof NoNumber ||
  (isUnavailable(error) && !OF_ONE_QUERY.includes(String((error as { code?: unknown }).code)));
