import type { Strip } from '../../tables/cells.ts';
import type { Format } from '../../units/format.ts';
import { floorDivided, type Instant, MINUTE } from '../../units/time.ts';
import { MINUTES_OF_STRIP, RULE_STATES, type RuleState, STRIP_LETTERS } from '../evaluation/strip.ts';
import type { RuleSight } from '../store/standings.ts';

/** As fine as a strip of a few centimetres shows: each part is of the worst that its minutes saw. */
const MINUTES_OF_PART = 15;
const PARTS = MINUTES_OF_STRIP / MINUTES_OF_PART;

const CLASSES: Record<RuleState, string> = {
  error: 'state-error',
  firing: 'state-firing',
  recovering: 'state-recovering',
  pending: 'state-pending',
  learning: 'state-learning',
  ok: 'state-ok',
  'no data': 'state-no-data',
};

/** The evaluations of the last day as a drawing, the newest at its end, and in words. */
export function stripOf(
  { strip, evaluatedUntil }: Pick<RuleSight, 'strip' | 'evaluatedUntil'>,
  at: Instant,
  format: Format,
): Strip {
  const behind = Math.max(0, Number(floorDivided(at - evaluatedUntil, MINUTE)));
  const parts: (RuleState | null)[] = new Array(PARTS).fill(null);
  const minutes = new Map<RuleState, number>();
  for (let i = 0; i < strip.length; i++) {
    const state = STRIP_LETTERS[strip[i] as string];
    const place = MINUTES_OF_STRIP - behind - strip.length + i;
    if (state === undefined || place < 0) continue;
    minutes.set(state, (minutes.get(state) ?? 0) + 1);
    const part = Math.floor(place / MINUTES_OF_PART);
    parts[part] = worse(parts[part] ?? null, state);
  }
  return { text: inWords(minutes, format), width: PARTS, runs: runsOf(parts) };
}

const worse = (a: RuleState | null, b: RuleState): RuleState =>
  a !== null && RULE_STATES.indexOf(a) < RULE_STATES.indexOf(b) ? a : b;

function runsOf(parts: (RuleState | null)[]): Strip['runs'] {
  const runs: Strip['runs'] = [];
  parts.forEach((state, i) => {
    if (state === null) return;
    const last = runs.at(-1);
    if (last && last.kind === CLASSES[state] && last.from + last.length === i) last.length += 1;
    else runs.push({ kind: CLASSES[state], from: i, length: 1 });
  });
  return runs;
}

function inWords(minutes: Map<RuleState, number>, format: Format): string {
  const seen = [...minutes.values()].reduce((sum, count) => sum + count, 0);
  const said = RULE_STATES.flatMap((state) => {
    const count = minutes.get(state);
    return count ? [`${state} ${format.duration(BigInt(count) * MINUTE)}`] : [];
  });
  const unseen = MINUTES_OF_STRIP - seen;
  if (unseen > 0) said.push(`not checked ${format.duration(BigInt(unseen) * MINUTE)}`);
  return `The last 24 hours: ${said.join(', ')}`;
}
