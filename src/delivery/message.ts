/** What somebody is told, in plain values, whatever channel it goes through. */
export type Message = {
  /** The fact first: "€48.20 since midnight, usually €16: gpt-image-1". */
  subject: string;
  level: 'critical' | 'warning' | 'resolved' | 'error' | 'information';
  facts: { label: string; value: string }[];
  paragraphs: string[];
  /** Absolute addresses. */
  links: { label: string; url: string }[];
  /** For programs: what the JSON of a plain webhook says besides. */
  data: Record<string, unknown>;
};

/** One message to one channel. */
export type Delivery = {
  /** The same at every attempt: a webhook's Idempotency-Key, a mail's Message-ID. */
  id: string;
  event: string;
  /** What several messages are about, an alert: its mails are one thread. */
  thread: string;
  message: Message;
};

/**
 * What the other side said, or why it could not be asked. `taken`: it has it; `later`: it may take it another time, not
 * before `afterMs` where it says so; `never`: it will not, however often it is asked.
 */
export type Answer = { outcome: 'taken' | 'later' | 'never'; text: string; afterMs?: number };

/** A message in the words of every channel: how grave it is. */
export const LEVEL_WORDS: Record<Message['level'], string> = {
  critical: 'Critical',
  warning: 'Warning',
  resolved: 'Resolved',
  error: 'Not checked',
  information: 'For information',
};
