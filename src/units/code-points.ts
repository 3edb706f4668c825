/** Compares texts as PostgreSQL's COLLATE "C" does, by code point: JavaScript's own order puts U+FF47 behind U+1F98A. */
export const byCodePoint = (a: string, b: string): number => Buffer.compare(Buffer.from(a), Buffer.from(b));
