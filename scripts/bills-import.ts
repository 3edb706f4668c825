import { setTimeout } from 'node:timers/promises';
import { importBill } from '../src/bills/changes.ts';
import { importedInWords } from '../src/bills/import/import-page.ts';
import { ANTHROPIC } from '../src/bills/providers/anthropic.ts';
import { NotAnswered } from '../src/bills/providers/ask.ts';
import { fetchBill } from '../src/bills/providers/fetch-bill.ts';
import { OPENAI } from '../src/bills/providers/openai.ts';
import { askedMonth } from '../src/bills/terms.ts';
import { requireMigrated } from '../src/db/migrate.ts';
import { systemLookup } from '../src/delivery/targets.ts';
import { createFormat } from '../src/units/format.ts';
import { dayOf, now } from '../src/units/time.ts';
import { account } from './account.ts';
import { command, UsageError } from './command.ts';
import { withDatabases } from './with-databases.ts';

const APIS = { openai: OPENAI, anthropic: ANTHROPIC };
const KEYS = { openai: 'OPENAI_ADMIN_KEY', anthropic: 'ANTHROPIC_ADMIN_KEY' };

const IMPORT = {
  name: 'bills:import',
  does:
    'Asks OpenAI or Anthropic what it has billed for the days of a month that are over, with the tokens, and keeps it: what\n' +
    'is there already stays, what is said otherwise now corrects it. OPENAI_ADMIN_KEY or ANTHROPIC_ADMIN_KEY is the key.',
  example: '--provider openai --month 2026-10',
  options: {
    provider: { type: 'string', value: 'NAME', help: 'openai or anthropic' },
    month: { type: 'string', value: 'MONTH', help: 'such as 2026-10; without it the last one that is over' },
  },
} as const;

const isName = (name: string | undefined): name is keyof typeof APIS => name !== undefined && Object.hasOwn(APIS, name);

await command(IMPORT, async ({ provider, month }) => {
  if (!isName(provider)) throw new UsageError('--provider takes openai or anthropic');
  const asked = askedMonth(month === undefined ? {} : { month }, dayOf(now(), 'UTC'));
  await withDatabases(async ({ backoffice }, { adminKeys, timeZone, locale }) => {
    const key = adminKeys[provider];
    if (key === null) throw new Error(`${KEYS[provider]} is not set: it takes an admin key`);
    await requireMigrated(backoffice);
    const api = APIS[provider];
    const asking = { rules: { allowedHosts: [], lookup: systemLookup }, wait: (ms: number) => setTimeout(ms) };
    const bill = await fetchBill(api, { month: asked, key, at: now() }, asking).catch((error: unknown) => {
      throw error instanceof NotAnswered ? new Error(`${api.name}: ${error.message}`) : error;
    });
    const who = { sub: `shell ${account()}`, email: account() };
    const imported = await importBill(backoffice, who, bill, { source: api.name, columns: null });
    console.log(importedInWords(imported, createFormat(locale, timeZone)));
  });
});
