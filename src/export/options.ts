import { BadInput, type ParameterProblem, takenOnce } from '../units/failures/bad-input.ts';
import { type CsvOptions, DIALECTS } from './csv.ts';
import type { Extension } from './formats.ts';

/** What an export takes besides the parameters of its page. */
export type ExportOptions = CsvOptions & {
  /** Names of the tables wanted. */
  tables: string[];
  withPrompts: boolean;
};

export const EXPORT_PARAMETERS = ['dialect', 'manifest', 'include', 'table'] as const;

/**
 * Reads the parameters `dialect`, `manifest`, `include` and `table`. `tables` are those that the page has; null for
 * records, which are one table and have prompts.
 * @throws BadInput with every parameter that is wrong or goes with another format, and what it takes
 */
export function parseExportOptions(
  parameters: Record<string, unknown>,
  extension: Extension,
  tables: readonly string[] | null,
): ExportOptions {
  const given = takenOnce(parameters, EXPORT_PARAMETERS);
  const problems: ParameterProblem[] = [];
  const read = <const T extends string>(
    parameter: (typeof EXPORT_PARAMETERS)[number],
    takes: readonly T[],
    goesWith: string | null,
  ): T | null => {
    const value = given[parameter];
    if (value === undefined) return null;
    const found = takes.find((one) => one === value);
    if (goesWith !== null) problems.push({ parameter, message: `goes with ${goesWith} only` });
    else if (found === undefined) problems.push({ parameter, message: `takes ${takes.join(', ')}` });
    return found ?? null;
  };
  const notCsv = extension === 'csv' ? null : '.csv';
  const dialect = read('dialect', DIALECTS, notCsv) ?? 'rfc4180';
  const manifest = read('manifest', ['1'], notCsv) !== null;
  const withPrompts = read('include', ['prompt'], tables === null ? null : 'records') !== null;
  const table = read('table', tables ?? [], tables === null ? 'pages of several tables' : null);
  if (problems.length > 0) throw new BadInput(problems);
  return { dialect, manifest, withPrompts, tables: table ? [table] : [...(tables ?? [])] };
}
