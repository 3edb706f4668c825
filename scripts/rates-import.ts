import { readFile, stat } from 'node:fs/promises';
import { basename } from 'node:path';
import { requireMigrated } from '../src/db/migrate.ts';
import { importRates } from '../src/prices/rates/import-rates.ts';
import { importedRatesInWords } from '../src/prices/rates/rates-page.ts';
import { readRateFile } from '../src/prices/rates/read-rates.ts';
import { BadInput } from '../src/units/failures/bad-input.ts';
import { createFormat } from '../src/units/format.ts';
import { dayOf, now } from '../src/units/time.ts';
import { account } from './account.ts';
import { command, UsageError } from './command.ts';
import { withDatabases } from './with-databases.ts';

const LARGEST_FILE = 5_000_000;

const IMPORT = {
  name: 'rates:import',
  does:
    'Takes exchange rates from a CSV of the form of the European Central Bank, Date,USD,…: all of its lines or none. What is there\n' +
    'already stays as it is.',
  example: 'eurofxref-hist.csv',
  options: {
    file: { type: 'string', value: 'FILE', help: 'the CSV; --file itself may be left out' },
    replace: { type: 'boolean', help: 'replace rates that differ, which are refused otherwise' },
  },
  word: 'file',
} as const;

/** What is wrong with the file is not what is wrong with the command line. */
const inLines = (error: unknown): unknown =>
  error instanceof BadInput
    ? new Error(error.details.map(({ parameter, message }) => `${parameter} ${message}`).join('\n  '))
    : error;

await command(IMPORT, async ({ file, replace = false }) => {
  if (file === undefined) throw new UsageError('takes a file, such as eurofxref-hist.csv');
  if ((await stat(file)).size > LARGEST_FILE) throw new Error(`${file} has more than ${LARGEST_FILE} bytes`);
  const text = await readFile(file, 'utf8');
  await withDatabases(async ({ backoffice }, { timeZone, locale }) => {
    await requireMigrated(backoffice);
    try {
      const rates = readRateFile(text, dayOf(now(), timeZone));
      const who = { sub: `shell ${account()}`, email: account() };
      const imported = await importRates(backoffice, who, rates, { source: basename(file), replaces: replace });
      console.log(importedRatesInWords(imported, createFormat(locale, timeZone)));
    } catch (error) {
      throw inLines(error);
    }
  });
});
