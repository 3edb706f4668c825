import { handled } from './handled.ts';

/** Work whose end nobody waits for any more when `gone` aborts; its statements end by their own limits. */
export async function unlessGone<T>(work: Promise<T>, gone: AbortSignal): Promise<T> {
  const left = handled(
    new Promise<never>((_, reject) => {
      gone.addEventListener('abort', () => reject(gone.reason), { once: true });
      if (gone.aborted) reject(gone.reason);
    }),
  );
  return Promise.race([work, left]);
}
