const COMMENT = String.raw`\/\/[^\n]*|\/\*[\s\S]*?\*\/`;
const GAP = String.raw`(?:\s|${COMMENT})*`;
const STRING = String.raw`'(?:\\.|[^'\\\n])*'|"(?:\\.|[^"\\\n])*"`;
const TEMPLATE = '`(?:\\\\[\\s\\S]|[^`\\\\])*`';

// `from '…'`, `import '…'` and `import('…')`; not a property or method of that name, as in `db.select().from('…')`.
const BEFORE_PATH = String.raw`(?<![\w$.])(?:from|import(?:${GAP}\()?)${GAP}`;
const RELATIVE_JS_PATH = String.raw`(?<quote>['"\`])(?<path>\.{1,2}\/[^'"\`\n]*)\.js\k<quote>`;

// Comments, strings and templates are passed over whole, for an import quoted in one of them is only text.
const PASSED_OVER = `${COMMENT}|${STRING}|${TEMPLATE}`;
const TOKEN = new RegExp(`(?<before>${BEFORE_PATH})${RELATIVE_JS_PATH}|(?<passedOver>${PASSED_OVER})`, 'g');

/** TypeScript source with the `.js` taken off its relative import and export paths, and nothing else changed. */
export function withoutJsExtensions(source: string): string {
  return source.replace(TOKEN, '$<before>$<quote>$<path>$<quote>$<passedOver>');
}
