import { SingleBar } from 'cli-progress';
import { type Instant, now } from '../src/units/time.ts';

/** Whole seconds as "45s" or "1m 30s"; cli-progress passes a text where nothing is left to wait for, or nothing is known. */
export function timeLeft(seconds: number | string): string {
  const whole = typeof seconds === 'number' && Number.isFinite(seconds) ? Math.round(seconds) : 0;
  return whole < 60 ? `${whole}s` : `${Math.floor(whole / 60)}m ${whole % 60}s`;
}

/** For a person who waits. To a terminal only: cron would send each line by mail. */
export function sayProgress(line: string): void {
  if (process.stderr.isTTY) console.error(line);
}

/** "4,512,000 records, 61,000 a second, done at 15:42:07" of local time, where some are left; of work that began so many seconds ago. */
export function paceInWords(
  { done, total, records }: Progress & { records: number },
  seconds: number,
  at: Instant,
): string {
  const count = (number: number) => Math.round(number).toLocaleString('en');
  const end = new Date(Number(at / 1000n) + (1000 * seconds * (total - done)) / Math.max(done, 1));
  return `${count(records)} records, ${count(records / Math.max(seconds, 0.001))} a second, done at ${end.toTimeString().slice(0, 8)}`;
}

type Progress = { done: number; total: number };

/** A progress bar around a piece of work that reports how much of what is done, and perhaps how many records that held; in a terminal only. */
export async function withProgressBar<T>(
  title: string,
  unit: string,
  work: (onProgress: (progress: Progress & { records?: number }) => void) => Promise<T>,
): Promise<T> {
  const bar = new SingleBar({
    format: `${title} {bar} {percentage}% · {value} of {total} ${unit} · {eta_formatted} left{pace}`,
    formatTime: timeLeft,
    stream: process.stderr,
    noTTYOutput: false,
  });
  bar.start(0, 0, { pace: '' });
  const begun = performance.now();
  try {
    return await work(({ done, total, records }) => {
      bar.setTotal(total);
      const seconds = (performance.now() - begun) / 1000;
      const pace = records === undefined ? '' : ` · ${paceInWords({ done, total, records }, seconds, now())}`;
      bar.update(done, { pace });
    });
  } finally {
    bar.stop();
  }
}
