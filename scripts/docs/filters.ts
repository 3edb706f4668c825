import { stringify } from 'yaml';
import { FILTER_NAMES, filterOfName, MOST_VALUES } from '../../src/query/filters/registry.ts';

const FILTERS = FILTER_NAMES.map(filterOfName);

const references = () => FILTERS.map(({ parameter }) => ({ $ref: `#/components/parameters/${parameter}` }));

const parameters = () =>
  Object.fromEntries(
    FILTERS.map(({ parameter, many, openapi: { description, schema } }) => [
      parameter,
      {
        name: parameter,
        in: 'query',
        description,
        ...(many ? { explode: true, schema: { type: 'array', maxItems: MOST_VALUES, items: schema } } : { schema }),
      },
    ]),
  );

function table(): string {
  const rows = FILTERS.map(
    ({ parameter, many, option }) =>
      `| \`${parameter}=${option.value}\` | ${option.help.replaceAll(/'?""'?/g, '`""`')}${many ? '; repeatable' : ''} |\n`,
  );
  return `| Parameter | Which records |\n| --- | --- |\n${rows.join('')}`;
}

/** Between which lines of a file something of the registry stands, and what. */
type Place = { begin: string; end: string; text: () => string };

const yaml = (name: string, value: () => unknown): Place => ({
  begin: `# filters: ${name}, written by \`npm run docs\``,
  end: `# end of filters: ${name}`,
  text: () => stringify(value(), { singleQuote: true, lineWidth: 116 }),
});

/** The files that say what filters there are. */
export const DOCS: Record<string, Place[]> = {
  'docs/openapi.yaml': [
    yaml('of statistics', references),
    yaml('of explore', references),
    yaml('of unit costs', references),
    yaml('of records', references),
    yaml('all', parameters),
  ],
  'README.md': [
    {
      begin: '<!-- filters, written by `npm run docs` -->',
      end: '<!-- end of filters -->',
      text: () => `\n${table()}\n`,
    },
  ],
};

/**
 * The text of a file with what the registry of filters says in its places, indented as they are.
 * @throws Error where a place is missing
 */
export function withFilters(text: string, places: Place[]): string {
  return places.reduce((before, { begin, end, text }) => {
    const found = before.split('\n').find((line) => line.trim() === begin);
    const [head = '', rest] = before.split(`${found}\n`);
    const indent = found?.replace(begin, '') ?? '';
    const last = `${indent}${end}\n`;
    if (found === undefined || !rest?.includes(last)) throw new Error(`there is no place from ${begin} to ${end}`);
    const lines = text().replaceAll(/^(?=.)/gm, indent);
    return `${head}${found}\n${lines}${rest.slice(rest.indexOf(last))}`;
  }, text);
}
