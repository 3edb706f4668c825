/** The long run, of which `.ci/run` has one: everything as often as was ever asked for, and as people start it. */
export const THOROUGH = process.env.THOROUGH === '1';

/** How often a property is tried whose every run asks databases or pages: all of it in the long run, else a quarter. */
export const runs = (all: number): number => (THOROUGH ? all : Math.ceil(all / 4));
