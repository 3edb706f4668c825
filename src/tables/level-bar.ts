/** A value beside a level, both as shares of the whole bar, from 0 to 1; the same in words. */
export type LevelBar = { value: number; level: number; over: 'warning' | 'critical' | null; text: string };
