import assert from 'node:assert/strict';
import fc from 'fast-check';
import { ACTION_SHAPES, UNPRICED_MODEL } from '../../src/demo/actions.ts';
import { outputTokensOfImage, recordedCost } from '../../src/demo/prices.ts';

describe('the prices that the workflow records', () => {
  it('follow its rules, to the micro-euro', () => {
    const examples: [string, number, number, number][] = [
      ['gpt-5', 1000, 1000, 10_350],
      ['gpt-5-mini', 1, 0, 0],
      ['gpt-4-turbo', 1500, 700, 33_120],
      ['claude-sonnet-4-5', 2, 1, 19],
      ['gpt-image-1', 300, 1056, 38_640],
      ['gpt-image-1', 300, 4224, 154_560],
      ['gpt-image-1', 300, 1, 38_640],
      ['dall-e-3', 300, 1000, 73_600],
      ['tts-1', 3000, 0, 41_400],
      [UNPRICED_MODEL, 300, 1024, 0],
      ['toString', 10, 10, 0],
    ];
    for (const [model, input, output, cost] of examples) {
      assert.equal(recordedCost(model, input, output), cost, `${model}, ${input} in, ${output} out`);
    }
  });

  it('are whole micro-euros, and more for more tokens', () => {
    const models = Object.values(ACTION_SHAPES).flatMap((shape) => shape.models.map(({ model }) => model));
    const tokens = fc.nat(1_000_000);
    fc.assert(
      fc.property(fc.constantFrom(...models), tokens, tokens, fc.nat(5000), (model, input, output, more) => {
        const cost = recordedCost(model, input, output);
        assert.ok(Number.isSafeInteger(cost) && cost >= 0);
        assert.ok(recordedCost(model, input + more, output + more) >= cost);
      }),
    );
  });

  it('are known for every model of the demo but one', () => {
    const models = new Set(Object.values(ACTION_SHAPES).flatMap((shape) => shape.models.map(({ model }) => model)));
    const unpriced = [...models].filter((model) => recordedCost(model, 1000, outputTokensOfImage(model)) === 0);
    assert.deepEqual(unpriced, [UNPRICED_MODEL]);
  });
});
