import { createHash } from 'node:crypto';
import { enqueue } from '../../delivery/outbox.ts';
import type { Format } from '../../units/format.ts';
import { groupedBy } from '../../units/grouped-by.ts';
import { type Instant, now } from '../../units/time.ts';
import { markTold, readSubscribers } from './choice.ts';
import { digestMessage } from './digest-message.ts';
import { periodToTell } from './period.ts';
import { type DigestSources, readDigest } from './read-digest.ts';

export type Telling = DigestSources & {
  format: Format;
  appUrl: URL;
  /** Whether somebody of this address may still enter: else they are told nothing. */
  mayEnter: (email: string) => boolean;
  /** In a few words each. */
  openAlerts: () => Promise<string[]>;
};

/** The same uuid for the same period, whoever tells it: the outbox takes it once for each person. */
function eventOf(text: string): string {
  const hex = createHash('sha256').update(text).digest('hex');
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20, 32)].join('-');
}

/**
 * Puts the digest of the newest period into the outbox for everybody who has chosen one and was not told it; returns how
 * many those are. Whoever missed several, because nothing ran, is told the newest.
 */
export async function tellDigests(telling: Telling, at: Instant = now()): Promise<number> {
  const { databases, timeZone, format, appUrl, mayEnter, openAlerts } = telling;
  const { backoffice } = databases;
  const due = (await readSubscribers(backoffice)).filter(
    ({ email, digest, until }) => mayEnter(email) && periodToTell(digest, at, timeZone).next > until,
  );
  for (const [digest, subscribers] of groupedBy(due, ({ digest }) => digest)) {
    const period = periodToTell(digest, at, timeZone);
    const [figures, alerts] = await Promise.all([readDigest(telling, digest, period, at), openAlerts()]);
    const message = digestMessage(figures, alerts, format, appUrl);
    const event = eventOf(`digest ${digest} ${period.first}`);
    for (const { channelId } of subscribers)
      await backoffice.transaction(async (transaction) => {
        await enqueue(transaction, { event, thread: event, channels: [channelId], message });
        await markTold(transaction, channelId, period.next);
      });
  }
  return due.length;
}
