import { type Instant, isoFromInstant, parseInstant } from '../../units/time.ts';
import type { RuleStanding } from '../evaluation/rule-standing.ts';
import type { OpenAlert, Standing } from '../evaluation/step.ts';

type KeptAlert = Omit<OpenAlert, 'since' | 'calmSince'> & { since: string; calmSince: string | null };
type KeptSubject = Omit<Standing, 'window' | 'alert'> & { subject: string; window: string; alert: KeptAlert | null };
type KeptLookedBack = { covered: string; version: string; hour: string };
export type KeptStanding = {
  began: string;
  learning: boolean;
  known: string[];
  subjects: KeptSubject[];
  lookedBack?: KeptLookedBack | null;
};

/** How a rule stands, as JSON for its column. */
export function standingText({ began, learning, known, subjects, lookedBack }: RuleStanding): string {
  const kept: KeptStanding = {
    began: isoFromInstant(began),
    learning,
    known: [...known],
    lookedBack: lookedBack && {
      covered: isoFromInstant(lookedBack.covered),
      version: String(lookedBack.grown.version),
      hour: isoFromInstant(lookedBack.grown.hour),
    },
    subjects: [...subjects].map(([subject, { window, alert, ...rest }]) => ({
      ...rest,
      subject,
      window: isoFromInstant(window),
      alert: alert && {
        ...alert,
        since: isoFromInstant(alert.since),
        calmSince: alert.calmSince && isoFromInstant(alert.calmSince),
      },
    })),
  };
  return JSON.stringify(kept);
}

/** @throws Error for what we have not written */
function instant(text: string): Instant {
  const read = parseInstant(text);
  if (read === null) throw new Error(`not an instant: ${text}`);
  return read;
}

/** The same, read from the column. */
export function readStanding({ began, learning, known, subjects, lookedBack = null }: KeptStanding): RuleStanding {
  return {
    began: instant(began),
    learning,
    known: new Set(known),
    lookedBack: lookedBack && {
      covered: instant(lookedBack.covered),
      grown: { version: BigInt(lookedBack.version), hour: instant(lookedBack.hour) },
    },
    subjects: new Map(
      subjects.map(({ subject, window, alert, ...rest }) => [
        subject,
        {
          ...rest,
          window: instant(window),
          alert: alert && {
            ...alert,
            since: instant(alert.since),
            calmSince: alert.calmSince === null ? null : instant(alert.calmSince),
          },
        },
      ]),
    ),
  };
}
