import type { Knex } from 'knex';
import { createLimit } from '../export/limit.ts';
import { createPlaces } from '../limits/places.ts';
import type { Metrics } from '../measuring/metrics.ts';
import type { AtOnce } from '../web/download.ts';

/** Of one person at once, in all processes. */
const MOST_DOWNLOADS = 2;

/** The places of downloads: two of each person, and of all together as many as this process has connections for. */
export function createDownloadPlaces(backoffice: Knex, most: number, { exports }: Metrics): AtOnce {
  const here = createLimit({ each: MOST_DOWNLOADS, all: most });
  const everywhere = createPlaces(backoffice, MOST_DOWNLOADS);
  return async (person) => {
    const placeHere = here(person);
    if (typeof placeHere !== 'function') return placeHere;
    let place: Awaited<ReturnType<typeof everywhere>> = null;
    try {
      place = await everywhere(person);
    } finally {
      if (place === null) placeHere();
    }
    if (place === null) return 'each';
    const giveBack = place;
    exports.inc();
    return async () => {
      exports.dec();
      placeHere();
      await giveBack();
    };
  };
}
