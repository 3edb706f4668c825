import { type Logger, pino } from 'pino';

export type LogLine = Record<string, unknown>;

/** A log that a test can read: every line as text, as it would be written. */
export function memoryLog(): { log: Logger; lines: string[]; entries: () => LogLine[] } {
  const lines: string[] = [];
  const log = pino({ level: 'trace', base: undefined }, { write: (line: string) => lines.push(line) });
  return { log, lines, entries: () => lines.map((line) => JSON.parse(line) as LogLine) };
}
