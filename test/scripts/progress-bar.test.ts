import assert from 'node:assert/strict';
import { timeLeft } from '../../scripts/progress-bar.ts';

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
