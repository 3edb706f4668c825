import assert from 'node:assert/strict';
import fc from 'fast-check';
import {
  averageEuros,
  eurosNumber,
  eurosText,
  microEuros,
  microEurosFromNumeric,
  nearestMicro,
} from '../../src/units/money.ts';
import { databases } from '../support/databases.ts';

describe('money', () => {
  it('survives being written with six decimals and read again', () => {
    fc.assert(
      fc.property(fc.maxSafeInteger(), (micro) =>
        assert.equal(microEurosFromNumeric(eurosText(microEuros(micro))), micro),
      ),
    );
    assert.equal(eurosText(microEuros(4213)), '0.004213');
    assert.equal(eurosText(microEuros(-4213)), '-0.004213');
    assert.equal(eurosText(microEuros(1_506_995_366)), '1506.995366');
  });

  it('is the same decimal as a JSON number', () => {
    fc.assert(
      fc.property(fc.maxSafeInteger(), (micro) =>
        assert.equal(eurosNumber(microEuros(micro)), Number(eurosText(microEuros(micro)))),
      ),
    );
    assert.equal(JSON.stringify(eurosNumber(microEuros(300_000 + 100_000))), '0.4');
  });

  it('is read exactly from what PostgreSQL prints, one amount or the sum of many', async () => {
    const amounts = fc.sample(fc.integer({ min: -9_999_999_999, max: 9_999_999_999 }).map(microEuros), 500);
    const { rows } = await databases().workflows.raw<{ rows: { one: string; sum: string }[] }>(
      `SELECT euros::numeric(10, 6)::text AS one, sum(euros::numeric(10, 6)) OVER ()::text AS sum
         FROM unnest(?::text[]) WITH ORDINALITY AS given (euros, position) ORDER BY position`,
      [amounts.map(eurosText)],
    );
    assert.deepEqual(
      rows.map(({ one }) => microEurosFromNumeric(one)),
      amounts,
    );
    assert.equal(
      microEurosFromNumeric(rows[0]?.sum ?? ''),
      amounts.reduce((sum, amount) => sum + amount, 0),
    );
    assert.equal(microEurosFromNumeric('0.0042130000000'), 4213);
    assert.equal(microEurosFromNumeric('-0.000000'), 0);
  });

  it('is refused where reading it would round', () => {
    for (const text of ['0.0000001', '9007199254.740993', 'NaN', 'Infinity', '1e3', '', '.5', '5.', '1,5', ' 1'])
      assert.throws(() => microEurosFromNumeric(text), RangeError, text);
    assert.equal(microEurosFromNumeric('9007199254.740991'), Number.MAX_SAFE_INTEGER);
  });

  it('is not written where six decimals would not hold it', () => {
    for (const micro of [1 / 3, -1_000_000 / 3, Number.NaN, Number.POSITIVE_INFINITY])
      assert.throws(() => eurosText(microEuros(micro)), RangeError, String(micro));
    assert.equal(eurosText(nearestMicro(microEuros(1_000_000 / 3))), '0.333333');
  });

  it('has an average of zero where there is nothing to divide by', () => {
    assert.equal(averageEuros(microEuros(0), 0), 0);
    assert.equal(averageEuros(microEuros(5), 2), 0.0000025);
  });
});
