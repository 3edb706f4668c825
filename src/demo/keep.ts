import { openDatabase } from '../db/connect.ts';
import type { EmbeddedUrls } from '../db/embedded/embedded.ts';
import { earliest, type Instant, now, type Window } from '../units/time.ts';
import { type Filled, type FillProgress, fillDemoData } from './fill.ts';

/** Through connections of its own: the app's may only read. */
export async function fillEmbedded(urls: EmbeddedUrls, onProgress: (progress: FillProgress) => void): Promise<Filled> {
  const workflows = openDatabase(urls.workflows, { maxConnections: 1 });
  const mythoria = openDatabase(urls.mythoria, { maxConnections: 1 });
  try {
    return await fillDemoData({ workflows, mythoria, now: now(), onProgress });
  } finally {
    await Promise.all([workflows.destroy(), mythoria.destroy()]);
  }
}

export type DemoGrowth = {
  urls: EmbeddedUrls;
  /** Up to when whatever is computed from the rows is right. */
  since: Instant;
  /** Makes what is computed from the rows right: told the window in which rows were written. */
  refresh: (written: Window) => Promise<unknown>;
};

/** Adds to the demo's databases, at each run, what has happened since the last one. */
export function demoGrowth({ urls, since, refresh }: DemoGrowth): () => Promise<void> {
  // What a failure has left half written, or not told, is told when all of it has been written.
  let toldUntil = since;
  let failed = false;
  return async () => {
    try {
      const { rows, from } = await fillEmbedded(urls, () => {});
      const to = now();
      toldUntil = earliest(from, toldUntil);
      if (rows > 0 || failed) await refresh({ from: toldUntil, to });
      toldUntil = to;
      failed = false;
    } catch (error) {
      failed = true;
      throw error;
    }
  };
}
