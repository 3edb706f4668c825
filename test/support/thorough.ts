/** The long run, of which `.ci/run` has one: everything, as often as it was ever asked for. Others take a part by chance. */
export const THOROUGH = process.env.THOROUGH === '1';

/** How often a property is tried whose every run asks databases or pages: all of it in the long run, else a quarter. */
export const runs = (all: number): number => (THOROUGH ? all : Math.ceil(all / 4));

/** All of a list in the long run, else so many of it, others each time. */
export function someOf<T>(all: readonly T[], count: number): T[] {
  if (THOROUGH) return [...all];
  const left = [...all];
  return Array.from({ length: Math.min(count, left.length) }, () =>
    left.splice(Math.floor(Math.random() * left.length), 1),
  ).flat();
}
