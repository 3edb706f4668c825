/**
 * The time of this process. The records are stamped by the source's clock, so where this machine's is off, windows that end
 * "now" would leave out the newest records, or reach into the future.
 */
type Followed = {
  /** How far the source's clock is ahead of this machine's, in milliseconds; 0 where they agree. */
  ahead: number;
  /** The time when they were compared, by the source's clock and by the monotonic one. */
  time: number;
  at: number;
};

let followed: Followed | null = null;

/** Nobody sees a difference of less, and a comparison over a network is not much better. */
const AGREES_WITHIN_MS = 2_000;

/** Milliseconds since 1970: this machine's clock, set right by the last comparison with the source's. */
export function millisecondsNow(): number {
  const own = Date.now();
  if (followed === null) return own;
  // The later of the two until the next comparison: a clock may step back, and the monotonic one stands still while a machine sleeps.
  return Math.max(own + followed.ahead, Math.floor(followed.time + performance.now() - followed.at));
}

/**
 * Asks another clock what time it is, in milliseconds since 1970, and goes by it from now on if it differs by two seconds or
 * more. Returns how far it is ahead of this machine's, in milliseconds; 0 where they agree as far as the time that the
 * answer took can tell.
 */
export async function followClock(ask: () => Promise<number>): Promise<number> {
  const own = Date.now();
  const began = performance.now();
  const time = await ask();
  const took = performance.now() - began;
  const agrees = time > own - AGREES_WITHIN_MS && time < own + took + AGREES_WITHIN_MS;
  const ahead = agrees ? 0 : Math.round(time - own - took / 2);
  followed = { ahead, time: own + took + ahead, at: began + took };
  return ahead;
}

const SAID_FROM_MS = 60_000;

/** What people should know: that this machine's clock is a minute or more off, as the last comparison found it; null when it is not. */
export function clockProblem(): string | null {
  const ahead = followed?.ahead ?? 0;
  if (Math.abs(ahead) < SAID_FROM_MS) return null;
  const how = `${lengthOf(Math.abs(ahead))} ${ahead > 0 ? 'behind' : 'ahead of'}`;
  return `The clock of this server is ${how} the one of workflows_db: all times are taken from the latter until it is set right.`;
}

function lengthOf(milliseconds: number): string {
  const minutes = Math.round(milliseconds / 60_000);
  const [count, unit] = minutes < 120 ? [minutes, 'minute'] : [Math.round(minutes / 60), 'hour'];
  return `${count} ${unit}${count === 1 ? '' : 's'}`;
}
