import type { Knex } from 'knex';
import { dayFromPostgres } from '../units/calendar.ts';
import { type Instant, instantFromPostgres, isoFromInstant } from '../units/time.ts';
import type { Layer } from './stories.ts';

/** A layer, and until when its rows are in the database. */
export type FilledLayer = { layer: Layer; filledTo: Instant };

/**
 * Creates the table that remembers what the demo data is made of. It lies beside the demo's authors and stories,
 * because the workflows database stays as the real one is.
 */
export async function createLayersTable(mythoria: Knex): Promise<void> {
  await mythoria.raw(`
    CREATE TABLE IF NOT EXISTS demo_data (
      layer integer PRIMARY KEY,
      seed text NOT NULL,
      first_day date NOT NULL,
      history_from date,
      history_until timestamptz,
      history_rows integer,
      filled_to timestamptz NOT NULL
    )
  `);
}

type StoredLayer = {
  layer: number;
  seed: string;
  first_day: string;
  history_from: string | null;
  history_until: string | null;
  history_rows: number | null;
  filled_to: string;
};

/** The layers in the order of their numbers: the demo itself first, then its histories. */
export async function readLayers(mythoria: Knex): Promise<FilledLayer[]> {
  const result: { rows: StoredLayer[] } = await mythoria.raw(`
    SELECT layer, seed, first_day::text, history_from::text, history_until::text, history_rows, filled_to::text
    FROM demo_data
    ORDER BY layer
  `);
  return result.rows.map((stored) => ({
    layer: { seed: stored.seed, firstDay: dayFromPostgres(stored.first_day), history: historyFrom(stored) },
    filledTo: instantFromPostgres(stored.filled_to),
  }));
}

function historyFrom({ layer, history_from, history_until, history_rows }: StoredLayer): Layer['history'] {
  if (history_from === null || history_until === null || history_rows === null) return null;
  return {
    number: layer,
    from: dayFromPostgres(history_from),
    until: instantFromPostgres(history_until),
    rows: history_rows,
  };
}

/** Remembers a layer, filled up to where it begins: written before its first row. */
export async function addLayer(mythoria: Knex, { layer, filledTo }: FilledLayer): Promise<FilledLayer> {
  const { seed, firstDay, history } = layer;
  await mythoria('demo_data').insert({
    layer: history?.number ?? 0,
    seed,
    first_day: firstDay,
    history_from: history?.from,
    history_until: history && isoFromInstant(history.until),
    history_rows: history?.rows,
    filled_to: isoFromInstant(filledTo),
  });
  return { layer, filledTo };
}

/** Remembers until when a layer is filled: written after the rows. */
export async function markFilled(mythoria: Knex, { history }: Layer, filledTo: Instant): Promise<void> {
  await mythoria('demo_data')
    .where({ layer: history?.number ?? 0 })
    .update({ filled_to: isoFromInstant(filledTo) });
}

/** Forgets everything, names included. */
export async function clearLayers(mythoria: Knex): Promise<void> {
  await mythoria.raw('TRUNCATE demo_data, authors, stories');
}
