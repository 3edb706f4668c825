/** The tokens of a raw row, in and out: each alone may be as large as an integer is, and PostgreSQL adds two of them as one. */
export const TOKENS_OF_ROW = '(input_tokens::bigint + output_tokens)';
