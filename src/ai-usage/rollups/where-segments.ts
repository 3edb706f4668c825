import type { Knex } from 'knex';
import { isoFromInstant } from '../../units/time.ts';
import type { Segment } from './segments.ts';

/** Rows of an hourly rollup that lie in any of some segments. */
export function whereSegments(builder: Knex.QueryBuilder, segments: Pick<Segment, 'from' | 'to'>[]): void {
  builder.where((any) => {
    for (const { from, to } of segments) {
      any.orWhere((one) => {
        if (from !== null) one.where('hour', '>=', isoFromInstant(from));
        one.where('hour', '<', isoFromInstant(to));
      });
    }
  });
}
