import { SingleBar } from 'cli-progress';

/** Whole seconds as "45s" or "1m 30s"; cli-progress passes a text where nothing is left to wait for, or nothing is known. */
export function timeLeft(seconds: number | string): string {
  const whole = typeof seconds === 'number' && Number.isFinite(seconds) ? Math.round(seconds) : 0;
  return whole < 60 ? `${whole}s` : `${Math.floor(whole / 60)}m ${whole % 60}s`;
}

/** For a person who waits. To a terminal only: cron would send each line by mail. */
export function sayProgress(line: string): void {
  if (process.stderr.isTTY) console.error(line);
}

/** A progress bar around a piece of work that reports how much of what is done; in a terminal only. */
export async function withProgressBar<T>(
  title: string,
  unit: string,
  work: (onProgress: (progress: { done: number; total: number }) => void) => Promise<T>,
): Promise<T> {
  const bar = new SingleBar({
    format: `${title} {bar} {percentage}% · {value} of {total} ${unit} · {eta_formatted} left`,
    formatTime: timeLeft,
    stream: process.stderr,
    noTTYOutput: false,
  });
  bar.start(0, 0);
  try {
    return await work(({ done, total }) => {
      bar.setTotal(total);
      bar.update(done);
    });
  } finally {
    bar.stop();
  }
}
