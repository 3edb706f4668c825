import type { Knex } from 'knex';
import { type Actor, auditedChange } from '../../db/audit-log.ts';
import { compareDays, type Day, dayFromPostgres, dayNumber, postgresFromDay, weekdayOf } from '../../units/calendar.ts';
import { periodBefore, periodOf } from '../../units/calendar-period.ts';
import { addDays, dayOf, type Instant } from '../../units/time.ts';
import { UNPRICED_MODEL } from '../actions.ts';
import { daysFrom } from '../calendar.ts';
import { billedLines, type DayOfModel, priceRows, tokensOfImages } from './invented.ts';

/** What every page that shows them says of them. */
const SOURCE = 'Invented for the demo';
/** Nobody may sign in as this. */
const DEMO: Actor = { sub: 'demo', email: 'demo@mythoria.pt' };

/** As far back as a demo goes. */
const DAYS_BACK = 760;
const PROVIDER = 'OpenAI';
const A_BATCH = 500;

type Demo = { backoffice: Knex; workflows: Knex };

/**
 * Gives a demo prices, exchange rates and the bill of the last month of one provider, all of them invented, so that there is something to
 * compare its records with; later, the rates of the days since. Does nothing where somebody has entered any.
 */
export async function inventCosts(demo: Demo, at: Instant): Promise<void> {
  const { backoffice } = demo;
  const yesterday = addDays(dayOf(at, 'UTC'), -1);
  const last = await backoffice('exchange_rates')
    .orderBy('day', 'desc')
    .first<{ day: string; source: string | null }>();
  if (last !== undefined) {
    const from = addDays(dayFromPostgres(last.day), 1);
    if (last.source === SOURCE) await addRates(backoffice, from, yesterday);
    return;
  }
  for (const table of ['prices', 'bill_lines']) if (await backoffice(table).first(backoffice.raw('1'))) return;
  await addPrices(backoffice, addDays(yesterday, -DAYS_BACK));
  await addBill(demo, yesterday);
  // The last, for it is what tells that all are there.
  await addRates(backoffice, addDays(yesterday, -DAYS_BACK), yesterday);
}

const addPrices = (backoffice: Knex, from: Day): Promise<void> =>
  auditedChange(backoffice, DEMO, 'import prices', async (transaction) => {
    const rows = priceRows(UNPRICED_MODEL).map((price) => ({
      ...{ ...price, currency: 'USD', from_day: postgresFromDay(from), source: SOURCE, created_by: DEMO.email },
    }));
    await transaction('prices').insert(rows);
    return { value: undefined, subject: '/prices', details: `${SOURCE}: ${rows.length} prices` };
  });

/** Of weekdays, about what a euro was in the autumn of 2026. Of none nothing is written down, as on a Sunday after a Saturday. */
async function addRates(backoffice: Knex, from: Day, to: Day): Promise<void> {
  const days = compareDays(from, to) > 0 ? [] : daysFrom(from, to).filter((day) => weekdayOf(day) <= 5);
  if (days.length === 0) return;
  await auditedChange(backoffice, DEMO, 'import rates', async (transaction) => {
    const rows = days.map((day) => ({
      ...{ day: postgresFromDay(day), currency: 'USD', source: SOURCE, imported_by: DEMO.email },
      per_euro: (1.136 + 0.012 * Math.sin(dayNumber(day) / 17)).toFixed(4),
    }));
    for (let i = 0; i < rows.length; i += A_BATCH)
      await transaction('exchange_rates').insert(rows.slice(i, i + A_BATCH));
    return { value: undefined, subject: '/rates', details: `${SOURCE}: ${rows.length} days` };
  });
}

async function addBill({ backoffice, workflows }: Demo, yesterday: Day): Promise<void> {
  const { first, next } = periodBefore(periodOf(yesterday, 'month'), 'month');
  const tokens = tokensOfImages();
  const { rows } = await workflows.raw<{ rows: (Omit<DayOfModel, 'day'> & { day: string })[] }>(
    `SELECT (created_at AT TIME ZONE 'UTC')::date::text AS day, ai_model AS model,
            sum(greatest(1, round(output_tokens::numeric / tokens)))::integer AS images,
            sum(input_tokens)::double precision AS input, sum(output_tokens)::double precision AS output
       FROM token_usage_tracking LEFT JOIN unnest(?::text[], ?::integer[]) AS image (model, tokens) ON image.model = ai_model
      WHERE created_at >= ?::timestamp AT TIME ZONE 'UTC' AND created_at < ?::timestamp AT TIME ZONE 'UTC' AND ai_model ~ '^(gpt|dall-e|tts)-'
      GROUP BY 1, 2 ORDER BY 1, 2`,
    [tokens.map(([model]) => model), tokens.map(([, each]) => each), first, next],
  );
  const lines = billedLines(
    rows.map((row) => ({ ...row, day: dayFromPostgres(row.day) })),
    {
      firstDay: first,
      lastDay: addDays(next, -1),
    },
  );
  await auditedChange(backoffice, DEMO, 'import bill', async (transaction) => {
    const [made] = await transaction('bill_imports')
      .insert({ provider: PROVIDER, source: SOURCE, imported_by: DEMO.email })
      .returning<{ id: string }[]>('id');
    const kept = lines.map(({ firstDay, lastDay, ...line }) => ({
      ...{ ...line, import_id: made?.id, provider: PROVIDER, project: '', currency: 'USD' },
      ...{ first_day: postgresFromDay(firstDay), last_day: postgresFromDay(lastDay) },
    }));
    for (let i = 0; i < kept.length; i += A_BATCH) await transaction('bill_lines').insert(kept.slice(i, i + A_BATCH));
    const subject = `/bills/${PROVIDER}?month=${first.slice(0, 7)}`;
    return { value: undefined, subject, details: `${SOURCE}: ${kept.length} lines` };
  });
}
