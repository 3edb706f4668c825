import { SingleBar } from 'cli-progress';

/** Whole seconds as "45s" or "1m 30s"; cli-progress passes a text where nothing is left to wait for, or nothing is known. */
export function timeLeft(seconds: number | string): string {
  const whole = typeof seconds === 'number' && Number.isFinite(seconds) ? Math.round(seconds) : 0;
  return whole < 60 ? `${whole}s` : `${Math.floor(whole / 60)}m ${whole % 60}s`;
}

/** A progress bar in the terminal around a piece of work that reports how much of what is done. */
export async function withProgressBar<T>(
  title: string,
  unit: string,
  work: (onProgress: (progress: { done: number; total: number }) => void) => Promise<T>,
): Promise<T> {
  const bar = new SingleBar({
    format: `${title} {bar} {percentage}% · {value} of {total} ${unit} · {eta_formatted} left`,
    formatTime: timeLeft,
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
