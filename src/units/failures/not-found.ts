/** No such page or record, or not any more. Answered as a 404. */
export class NotFound extends Error {}
