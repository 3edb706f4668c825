/** What a raw row adds to a cost: nothing where its own is no number, which would make the whole sum none. */
export const COST_OF_ROW = `nullif(estimated_cost_in_euros, 'NaN')`;
export const IS_NO_NUMBER = `estimated_cost_in_euros = 'NaN'`;

/** The tokens of a raw row, in and out: each alone may be as large as an integer is, and PostgreSQL adds two of them as one. */
export const TOKENS_OF_ROW = '(input_tokens::bigint + output_tokens)';
