const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** Whether a text is one that PostgreSQL takes as a uuid, as ids of ours are written. */
export const isUuid = (text: string): boolean => UUID.test(text);
