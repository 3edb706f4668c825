import assert from 'node:assert/strict';
import fc from 'fast-check';
import { columnPrinter } from '../../src/tables/cells.ts';
import { createFormat } from '../../src/units/format.ts';
import { microEuros } from '../../src/units/money.ts';

const format = createFormat('en-GB', 'Europe/Lisbon');
const printed = (euros: number[], isChange = false) => {
  const amounts = euros.map((one) => microEuros(Math.round(one * 1_000_000)));
  const print = columnPrinter('euros', amounts, format, isChange);
  return amounts.map((one) => print(one).text);
};

describe('the euros of a column', () => {
  it('have the decimals that keep three digits of the smallest, and no more', () => {
    assert.deepEqual(printed([0.5, 0.0123]), ['€0.5000', '€0.0123']);
    assert.deepEqual(printed([0.5, 0.25, 0]), ['€0.50', '€0.25', '€0.00']);
    assert.deepEqual(printed([0.338308, 7]), ['€0.338', '€7.000']);
    assert.deepEqual(printed([0.000891, 0.5]), ['€0.000891', '€0.500000']);
    assert.deepEqual(printed([0, 0]), ['€0.00', '€0.00']);
    assert.deepEqual(printed([-0.0123, 0.5], true), ['−€0.0123', '+€0.5000']);
  });

  it('are cents beside ten euros or more, and what is less is not nothing', () => {
    assert.deepEqual(printed([1_506.995366, 138.84, 0.338308]), ['€1,507.00', '€138.84', '€0.34']);
    assert.deepEqual(printed([250, 0.0038, -0.0038, 0]), ['€250.00', '<€0.01', '>−€0.01', '€0.00']);
    assert.deepEqual(printed([7, 0.000012]), ['€7.0000', '<€0.0001']);
    assert.deepEqual(printed([250, 0.0038, -0.0038, 0], true), ['+€250.00', '<+€0.01', '>−€0.01', '€0.00']);
  });

  it('have as many decimals as each other, and all six behind them', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: -1_000_000_000, max: 1_000_000_000 }), { minLength: 1 }), (numbers) => {
        const amounts = numbers.map(microEuros);
        const cells = amounts.map(columnPrinter('euros', amounts, format));
        assert.equal(new Set(cells.map(({ text }) => text.split('.')[1]?.length)).size, 1);
        cells.forEach(({ exact = '' }, i) => {
          assert.equal(Number(exact.replace('−', '-').replace(/[€,.]/g, '')), numbers[i]);
        });
      }),
    );
  });
});
