import { IS_NO_NUMBER } from '../../db/row-sql.ts';
import { NO_NUMBER } from '../../units/money.ts';
import type { Filter } from './entry.ts';
import { oneOf } from './values.ts';

/** What records can be asked for that have none of: a cost that is a number. */
const SQL = { cost: IS_NO_NUMBER };
const WITHOUT_WHAT = ['cost'] as const;
type Without = (typeof WITHOUT_WHAT)[number];

export const WITHOUT: Filter<Without> = {
  parameter: 'without',
  many: false,
  schema: oneOf(WITHOUT_WHAT),
  written: (without) => without,

  meant: (without) => without,
  where: (rows, without) => rows.whereRaw(SQL[without]),
  rollups: { from: 'raw rows' },

  label: 'cost is',
  also: 'or',
  said: () => NO_NUMBER,

  option: { value: 'WHAT', help: 'cost: records whose cost is no number' },
  openapi: {
    description: 'Only records without this; `cost`, those whose cost is no number.',
    schema: { enum: [...WITHOUT_WHAT] },
  },
};
