import { TOKENS_OF_ROW } from '../db/row-sql.ts';

/**
 * What records can be sorted by: for each key the columns that make the order total, most significant first, all in one
 * direction so that PostgreSQL's row comparison continues it. `sql` is the expression, `type` what a cursor's text is
 * cast to, `field` where a record keeps that value. Text sorts by code point: the same on every server.
 */
export const SORTS = {
  createdAt: ['createdAt'],
  aiModel: ['aiModel', 'createdAt'],
  action: ['action', 'createdAt'],
  inputTokens: ['inputTokens'],
  outputTokens: ['outputTokens'],
  totalTokens: ['totalTokens'],
  estimatedCostInEuros: ['estimatedCostInEuros'],
} as const satisfies Record<string, readonly SortColumn[]>;

export const SORT_COLUMNS = {
  createdAt: {
    sql: 'created_at',
    type: 'timestamptz',
    pattern: /^([-+ ]?\d{4,6}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3,6}Z|-?infinity)$/,
  },
  aiModel: { sql: 'ai_model COLLATE "C"', type: 'text', pattern: /^[^\0]{0,100}$/u },
  action: { sql: 'action::text COLLATE "C"', type: 'text', pattern: /^[^\0]{1,63}$/ },
  inputTokens: { sql: 'input_tokens', type: 'bigint', pattern: /^-?\d{1,10}$/ },
  outputTokens: { sql: 'output_tokens', type: 'bigint', pattern: /^-?\d{1,10}$/ },
  totalTokens: { sql: TOKENS_OF_ROW, type: 'bigint', pattern: /^-?\d{1,10}$/ },
  estimatedCostInEuros: { sql: 'estimated_cost_in_euros', type: 'numeric', pattern: /^(-?\d{1,10}\.\d{6}|NaN)$/ },
} as const;

export type SortColumn = keyof typeof SORT_COLUMNS;
export type SortKey = keyof typeof SORTS;
export const SORT_KEYS = Object.keys(SORTS) as [SortKey, ...SortKey[]];
export const DEFAULT_SORT = { sortBy: 'createdAt', sortOrder: 'desc' } as const;
