import fc from 'fast-check';
import { addTime, type Instant } from '../../src/units/time.ts';
import { runs } from './thorough.ts';
import type { UsageRow } from './usage.ts';

// Few of each, so that they meet; the sixth model's provider is unknown.
export const MODELS = ['gpt-5', 'gpt-image-1', 'gemini-2.5-pro', 'claude-opus-4', 'tts-1', 'mystery-9'];
export const ACTIONS = ['story_outline', 'chapter_writing', 'image_generation', 'audio_generation', 'test'];
const id = (kind: number) => (number: number) => `${kind}${number}f2c4d6-0000-4000-8000-000000000000`;
export const AUTHORS = [0, 1, 2].map(id(1));
export const STORIES = [0, 1, 2, 3, 4].map(id(2));

const tokens = fc.oneof(fc.nat(5000), fc.nat(2_147_483_647), fc.constant(0));
/** Up to what numeric(10,6) holds. */
const cost = fc.oneof(fc.constant(0), fc.nat(20_000), fc.nat(9_999_999_999));

export const usageAt = (at: fc.Arbitrary<bigint>): fc.Arbitrary<Partial<UsageRow>> =>
  fc.record({
    at,
    author: fc.constantFrom(...AUTHORS),
    story: fc.constantFrom(...STORIES),
    action: fc.constantFrom(...ACTIONS),
    model: fc.constantFrom(...MODELS),
    input: tokens,
    output: tokens,
    cost,
  });

/** A value once in so many times, otherwise null (fc.option says the reverse: how seldom null is). */
export const onceIn = <T>(times: number, arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T | null> =>
  fc.oneof({ weight: times - 1, arbitrary: fc.constant(null) }, { weight: 1, arbitrary });

/** The instants, and a microsecond to either side of each. */
export const atOrBeside = (instants: Instant[]): fc.Arbitrary<Instant> =>
  fc
    .tuple(fc.constantFrom(...instants), fc.constantFrom(-1n, 0n, 1n))
    .map(([instant, beside]) => addTime(instant, beside));

/** For properties that ask a database, so many times in the long run: ends in time to print the seed, and never passes for want of time. */
export const slowly = (all: number) => ({
  numRuns: runs(all),
  interruptAfterTimeLimit: 200_000,
  markInterruptAsFailure: true,
});
