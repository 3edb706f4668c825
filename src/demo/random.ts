import { hash } from 'node:crypto';

/** A stream of numbers, 0 ≤ x < 1. */
export type Random = () => number;

/** The stream that belongs to a key: the same key gives the same numbers on every machine. */
export function randomFrom(key: string): Random {
  const seed = hash('sha256', key, 'buffer');
  let a = seed.readInt32LE(0);
  let b = seed.readInt32LE(4);
  let c = seed.readInt32LE(8);
  let counter = seed.readInt32LE(12);
  // sfc32: Math.random cannot be seeded.
  return () => {
    const sum = (a + b + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = (((c << 21) | (c >>> 11)) + sum) | 0;
    return (sum >>> 0) / 4_294_967_296;
  };
}

/** A uuid of version 4's shape that belongs to a key. */
export function uuidFrom(key: string): string {
  // From a hash, not from a stream: two streams could overlap, and ids must not.
  const hex = hash('sha256', key);
  const variant = '89ab'[Number.parseInt(hex.charAt(16), 16) % 4];
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-${variant}${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}

/** A number between two, the first included. */
export function between(random: Random, from: number, to: number): number {
  return from + random() * (to - from);
}

/** A length of time between two, the first included. */
export function lengthBetween(random: Random, from: bigint, to: bigint): bigint {
  return BigInt(Math.floor(between(random, Number(from), Number(to))));
}

/** A whole number between two, both included. */
export function wholeBetween(random: Random, from: number, to: number): number {
  return Math.floor(between(random, from, to + 1));
}

/** True with the given probability, 0–1. */
export function chance(random: Random, probability: number): boolean {
  return random() < probability;
}

/** A whole number whose average is the given number: 2.3 becomes 2 or, three times in ten, 3. */
export function rounded(random: Random, average: number): number {
  return Math.floor(average + random());
}

/** One of the items, each as likely. */
export function pick<Item>(random: Random, items: readonly Item[]): Item {
  const item = items[Math.floor(random() * items.length)];
  if (item === undefined) throw new RangeError('nothing to pick from');
  return item;
}

/** The index of one of the weights, each as likely as it is heavy. */
export function pickWeighted(random: Random, weights: readonly number[]): number {
  let rest = random() * weights.reduce((sum, weight) => sum + weight, 0);
  for (const [index, weight] of weights.entries()) {
    rest -= weight;
    if (rest < 0) return index;
  }
  return weights.length - 1;
}
