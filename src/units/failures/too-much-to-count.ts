/** A question that takes longer than there is time for one. The message says which, and what a person may do. */
export class TooMuchToCount extends Error {
  override name = 'TooMuchToCount';
}
