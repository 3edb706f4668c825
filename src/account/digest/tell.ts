import { createHash } from 'node:crypto';
import type { Message } from '../../delivery/message.ts';
import { enqueue } from '../../delivery/outbox.ts';
import type { CalendarPeriod } from '../../units/calendar-period.ts';
import type { Format } from '../../units/format.ts';
import { groupedBy } from '../../units/grouped-by.ts';
import { type Instant, now } from '../../units/time.ts';
import { markTold, readSubscribers, type Subscriber } from './choice.ts';
import { digestMessage } from './digest-message.ts';
import { type Digest, periodToTell } from './period.ts';
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
  const messages = new Map<Digest, Message>();
  const write = async (digest: Digest, period: CalendarPeriod): Promise<Message> => {
    const [figures, alerts] = await Promise.all([readDigest(telling, digest, period, at), openAlerts()]);
    return digestMessage(figures, alerts, format, appUrl);
  };
  let told = 0;
  let after: string | null = null;
  for (;;) {
    const some: Subscriber[] = await readSubscribers(backoffice, after);
    if (some.length === 0) return told;
    after = some.at(-1)?.channelId ?? null;
    const due = some.filter(
      ({ email, digest, until }) => mayEnter(email) && periodToTell(digest, at, timeZone).next > until,
    );
    for (const [digest, subscribers] of groupedBy(due, ({ digest }) => digest)) {
      const period = periodToTell(digest, at, timeZone);
      const message = messages.get(digest) ?? (await write(digest, period));
      messages.set(digest, message);
      const event = eventOf(`digest ${digest} ${period.first}`);
      const ids = subscribers.map(({ channelId }) => channelId);
      told += await backoffice.transaction(async (transaction) => {
        const channels = await markTold(transaction, ids, period.next);
        await enqueue(transaction, { event, thread: event, channels, message });
        return channels.length;
      });
    }
  }
}
