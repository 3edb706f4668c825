import assert from 'node:assert/strict';
import { paceInWords, timeLeft } from '../../scripts/progress-bar.ts';
import { instantAt } from '../../src/units/time.ts';

describe('the time left of a progress bar', () => {
  const cases: [number | string, string][] = [
    [0, '0s'],
    [9.4, '9s'],
    [59.6, '1m 0s'],
    [119, '1m 59s'],
    [3_725, '62m 5s'],
    ['NULL', '0s'],
    ['INF', '0s'],
  ];
  for (const [seconds, text] of cases) it(`of ${seconds} is ${text}`, () => assert.equal(timeLeft(seconds), text));
});

it('a progress bar says how many records are done, how many a second, and when all will be', () => {
  const at = instantAt(BigInt(new Date(2026, 10, 30, 15, 40, 0).getTime()) * 1000n);
  const progress = { done: 2_400, total: 9_600, records: 4_512_000 };
  assert.equal(paceInWords(progress, 60, at), '4,512,000 records, 75,200 a second, done at 15:43:00');
});
