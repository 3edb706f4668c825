const FORMULA_BEGINS = /^[=+\-@\t\r\0]/;

/** Text that a spreadsheet would run as a formula, made plain by an apostrophe in front; all other text as it is. */
export function neutral(text: string): string {
  return FORMULA_BEGINS.test(text) ? `'${text}` : text;
}
