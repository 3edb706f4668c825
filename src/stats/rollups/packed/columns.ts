import type { ClockHours } from '../../../query/filters/entry.ts';

/** Numbers one after another, in as few bytes each as hold all of them: whole ones up to 32 bits, else doubles. */
export type Column = Uint8Array | Uint16Array | Uint32Array | Float64Array;

const TYPES = { 1: Uint8Array, 2: Uint16Array, 4: Uint32Array, 8: Float64Array } as const;

/** How many bytes each element has, and how many elements there are. */
const HEAD_BYTES = 5;

export function columnOf(numbers: ArrayLike<number>): Column {
  let largest = 0;
  for (let i = 0; i < numbers.length; i++) {
    const number = numbers[i] as number;
    if (!(number >= 0 && number <= 0xffff_ffff && Number.isInteger(number))) return Float64Array.from(numbers);
    if (number > largest) largest = number;
  }
  if (largest <= 0xff) return Uint8Array.from(numbers);
  return largest <= 0xffff ? Uint16Array.from(numbers) : Uint32Array.from(numbers);
}

/** A column as the database keeps it. Every machine that Node runs on has the lowest byte first. */
export function bytesOf(column: Column): Buffer {
  const bytes = Buffer.allocUnsafe(HEAD_BYTES + column.byteLength);
  bytes.writeUInt8(column.BYTES_PER_ELEMENT, 0);
  bytes.writeUInt32LE(column.length, 1);
  bytes.set(new Uint8Array(column.buffer, column.byteOffset, column.byteLength), HEAD_BYTES);
  return bytes;
}

/** Columns that follow one another in some bytes. */
export function columnsIn(bytes: Uint8Array): Column[] {
  const columns: Column[] = [];
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let at = 0; at < bytes.byteLength; ) {
    const width = view.getUint8(at) as keyof typeof TYPES;
    const begin = at + HEAD_BYTES;
    at = begin + width * view.getUint32(at + 1, true);
    // A copy of its own: elements begin where their width divides the address, and what it came in is let go.
    columns.push(new TYPES[width](new Uint8Array(bytes.subarray(begin, at)).buffer));
  }
  return columns;
}

/**
 * Which elements are of wanted hours of the clock, as few stretches as there are: elements are in the order of those hours, and `clockEnds`
 * says how many there are up to the end of each.
 */
export function* stretchesOf(clockEnds: Column, wanted: ClockHours): Generator<[begin: number, end: number]> {
  let begin: number | null = null;
  for (let hour = 0; hour <= clockEnds.length; hour++) {
    const before = clockEnds[hour - 1] ?? 0;
    if (hour < clockEnds.length && wanted[hour]) begin ??= before;
    else if (begin !== null) {
      if (begin < before) yield [begin, before];
      begin = null;
    }
  }
}
