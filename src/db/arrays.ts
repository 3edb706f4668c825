/** The elements of an array as PostgreSQL prints it, "{1,2}": of numbers and uuids, which it never quotes, and not of none. */
export const elementsOf = (array: string): string[] => array.slice(1, -1).split(',');
