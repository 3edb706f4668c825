import { createAccount, onAccount } from '../measuring/account.ts';
import type { Metrics } from '../measuring/metrics.ts';
import { reasonOf } from '../units/failures/reason.ts';
import { handled } from '../units/promises/handled.ts';
import { type Instant, now } from '../units/time.ts';

/** What the program does again and again by the clock. */
export type Job = {
  name: string;
  /** For people: what one run of it does. */
  does: string;
  /** Milliseconds from the end of one run to the beginning of the next. */
  everyMs: number;
  /** Whether it first runs at once, or after that time. */
  atOnce: boolean;
  /** One run, which leaves off where the program stops. What it throws is told to `onError`, and it runs again all the same. */
  run: (isStopping: () => boolean) => Promise<unknown>;
  onError: (error: unknown) => void;
};

/** A job as people are told of it: when it last went through, and when and why it last did not, since the program was started. */
type JobState = Pick<Job, 'name' | 'does' | 'everyMs'> & {
  lastSuccess: Instant | null;
  lastFailure: { at: Instant; reason: string } | null;
};

export type RunningJobs = {
  states: () => JobState[];
  /** The names of those that run right now. */
  underWay: () => string[];
  /** Begins no run any more; resolves when those under way have ended. What they throw then is nobody's business. */
  stop: () => Promise<void>;
};

/** Runs each job by its clock, beside the others and never beside itself, until stopped. */
export function startJobs(jobs: readonly Job[], { jobRuns, jobSuccess }: Metrics): RunningJobs {
  let stopping = false;
  const isStopping = () => stopping;
  const started = jobs.map((job) => {
    const { name, does, everyMs } = job;
    const state: JobState = { name, does, everyMs, lastSuccess: null, lastFailure: null };
    let timer: NodeJS.Timeout | undefined;
    let running: Promise<void> = Promise.resolve();
    let isUnderWay = false;
    const runOnce = async () => {
      isUnderWay = true;
      const ended = jobRuns.startTimer({ job: name });
      try {
        await onAccount(
          createAccount(),
          () => name,
          () => job.run(isStopping),
        );
        state.lastSuccess = now();
        jobSuccess.setToCurrentTime({ job: name });
        ended({ outcome: 'succeeded' });
      } catch (error) {
        ended({ outcome: 'failed' });
        if (stopping) return;
        state.lastFailure = { at: now(), reason: reasonOf(error) };
        job.onError(error);
      } finally {
        isUnderWay = false;
      }
    };
    const begin = () => {
      running = handled(runOnce().finally(wait));
    };
    const wait = () => {
      if (!stopping) timer = setTimeout(begin, everyMs);
    };
    if (job.atOnce) begin();
    else wait();
    return {
      state: () => ({ ...state }),
      isUnderWay: () => isUnderWay,
      stop: async () => {
        clearTimeout(timer);
        await running;
      },
    };
  });
  return {
    states: () => started.map(({ state }) => state()),
    underWay: () => started.filter(({ isUnderWay }) => isUnderWay()).map(({ state }) => state().name),
    stop: async () => {
      stopping = true;
      await Promise.all(started.map(({ stop }) => stop()));
    },
  };
}

/** Runs each job once, one after the other, as far as it goes; returns what failed, and why. Each that has ended is told to `said`. */
export async function runOnce(
  jobs: readonly Job[],
  isStopping: () => boolean,
  said: (name: string, ms: number, reason: string | null) => void,
): Promise<{ name: string; reason: string }[]> {
  const failed: { name: string; reason: string }[] = [];
  for (const { name, run } of jobs) {
    if (isStopping()) break;
    const began = performance.now();
    let reason: string | null = null;
    try {
      await run(isStopping);
    } catch (error) {
      reason = reasonOf(error);
      failed.push({ name, reason });
    }
    said(name, performance.now() - began, reason);
  }
  return failed;
}
