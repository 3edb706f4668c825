/** A count or sum from PostgreSQL's text form of a bigint or numeric. @throws RangeError beyond a safe integer */
export function exactInteger(text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value)) throw new RangeError(`count too large to be exact: ${text}`);
  return value;
}
