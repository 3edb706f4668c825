import { handled } from './handled.ts';

/** The same items, each asked for while the one before it is used: what comes from afar is there when it is wanted. */
export async function* ahead<T>(source: AsyncIterable<T>): AsyncGenerator<T> {
  const iterator = source[Symbol.asyncIterator]();
  for (let next = handled(iterator.next()); ; ) {
    const { done, value } = await next;
    if (done) return;
    next = handled(iterator.next());
    yield value;
  }
}
