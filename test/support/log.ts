import type { Logger } from 'pino';
import { createLog } from '../../src/web/log.ts';

export type LogLine = Record<string, unknown>;

/** The program's log, where a test can read it: every line as text, as it would be written. */
export function memoryLog(): { log: Logger; lines: string[]; entries: () => LogLine[] } {
  const lines: string[] = [];
  const log = createLog('trace', () => {}, { write: (line: string) => lines.push(line) });
  return { log, lines, entries: () => lines.map((line) => JSON.parse(line) as LogLine) };
}
