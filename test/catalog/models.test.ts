import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { modelInfo, providerOf, retirementInWords, UNKNOWN_PROVIDER } from '../../src/catalog/models.ts';
import { RETIREMENTS } from '../../src/catalog/retired-models.ts';
import { createFormat } from '../../src/units/format.ts';
import { parseDay } from '../../src/units/time.ts';

/** The names of each heading of model-names.txt, "provider kind" or the provider alone. */
function namesByHeading(): Map<string, string[]> {
  const headings = new Map<string, string[]>();
  let names: string[] = [];
  for (const line of readFileSync(new URL('./model-names.txt', import.meta.url), 'utf8').split('\n')) {
    const heading = /^\[(.+)\]$/.exec(line)?.[1];
    if (heading !== undefined) {
      names = headings.get(heading) ?? [];
      headings.set(heading, names);
    } else if (line !== '' && !line.startsWith('# ')) names.push(line);
  }
  return headings;
}

const headings = namesByHeading();
const known = [...headings].filter(([heading]) => heading !== UNKNOWN_PROVIDER).flatMap(([, names]) => names);
const bare = known.filter((name) => /^[a-z0-9-]+$/.test(name) && !name.startsWith('deepgram'));

describe('retired models', () => {
  const format = createFormat('en-GB', 'Europe/Lisbon');
  it('are known to the catalogue, once each, with a day that there is and a source', () => {
    const names = RETIREMENTS.flatMap(({ models }) => models);
    assert.deepEqual(names, [...new Set(names)]);
    for (const name of names) assert.notEqual(providerOf(name), UNKNOWN_PROVIDER, name);
    for (const { from, source } of RETIREMENTS) {
      const day: string = from;
      assert.equal(parseDay(day), day);
      assert.match(source, /\w\.\w+\//);
    }
  });

  it('are told by their name and by their name with a date, and by no other', () => {
    for (const name of ['gpt-4-turbo', 'gpt-4-turbo-2024-04-09', 'gpt-4-turbo@20240409'])
      assert.equal(retirementInWords(name, format), 'retired from 23 Oct 2026', name);
    for (const name of ['gpt-4-turbo-preview', 'tts-1', 'mystery', 'GPT-4-turbo-2024'])
      assert.equal(retirementInWords(name, format), '', name);
  });
});

describe('the provider and kind of a model, told by its name', () => {
  for (const [heading, names] of headings) {
    it(`${heading}: ${names.length} names`, () => {
      const told = names.map((name) => {
        const { provider, kind } = modelInfo(name);
        return [name, kind === null ? provider : `${provider} ${kind}`];
      });
      assert.deepEqual(
        told,
        names.map((name) => [name, heading]),
      );
    });
  }

  it('is the same behind any gateway, in capitals, of any version, day or offer', () => {
    const spellings: ((name: string) => string)[] = [
      (name) => `some_gateway/${name}`,
      (name) => `some-gateway/eu-west-1/${name}`,
      (name) => `models/${name}`,
      (name) => `azure-${name}`,
      (name) => `hd/1024-x-1024/${name}`,
      (name) => name.toUpperCase(),
      (name) => name.replaceAll('-', '_'),
      (name) => name.replaceAll('-', ' '),
      (name) => `${name}@20250514`,
      (name) => `${name}-20250514`,
      (name) => `${name}:free`,
      (name) => `${name}-v1:0`,
      (name) => `${name}/preview`,
      (name) => `ft:${name}:acme-claude-gpt-gemini::9abc`,
      (name) => ` ${name}\n`,
    ];
    // Names of one word that are no model's when anything else follows.
    const whole = new Set(['aqa', 'ada', 'babbage', 'curie', 'davinci', 'command', 'codex', 'chirp', 'sonar']);
    const other = bare
      .filter((name) => !whole.has(name))
      .flatMap((name) => spellings.map((spelling) => [spelling(name), name] as const))
      .filter(([spelled, name]) => providerOf(spelled) !== providerOf(name));
    assert.deepEqual(other, []);
  });

  it('is nobody’s when a letter stands before the name, or a name of another provider behind it', () => {
    const letters = fc.string({ unit: fc.constantFrom(...'xzñя中'), minLength: 1, maxLength: 3 });
    fc.assert(
      fc.property(fc.constantFrom(...bare), letters, (name, before) => providerOf(before + name) === UNKNOWN_PROVIDER),
      { numRuns: 2_000 },
    );
    for (const name of [
      'gpt-4o',
      'claude-3',
      'gemini-2.5-pro',
      'gemma-3',
      'llama-3',
      'mistral-7b',
      'qwen3',
      'grok-4',
    ]) {
      for (const other of ['gpt', 'claude', 'gemini', 'llama', 'mistral', 'qwen', 'grok', 'alpaca', 'uncensored']) {
        if (name.startsWith(other)) continue;
        assert.equal(providerOf(`${name}-${other}`), UNKNOWN_PROVIDER, `${name}-${other}`);
      }
    }
  });

  it('is nobody’s when a word follows that no maker is known to use', () => {
    const word = fc
      .string({ unit: fc.constantFrom(...'bcdfghjkmnpwz'), minLength: 3, maxLength: 12 })
      .map((letters) => `q${letters}`);
    const suffix = fc.oneof(fc.constantFrom('acme', 'tuned-by-acme', 'by-acme', 'acme-v2', 'acme-2026-01-01'), word);
    const names = fc.constantFrom(...bare);
    fc.assert(
      fc.property(names, suffix, (name, behind) => {
        assert.deepEqual(modelInfo(`${name}-${behind}`), { provider: UNKNOWN_PROVIDER, family: null, kind: null });
      }),
      { numRuns: 5_000 },
    );
  });

  it('is told of any text, and in time that grows with its length alone', () => {
    const parts = [
      'gpt',
      'llama',
      '-',
      '/',
      '.',
      ':',
      '@',
      '1',
      '1.',
      'us.',
      'azure-',
      'google-vertex-',
      'ft:',
      '-sonar',
    ];
    const text = fc.oneof(
      fc.array(fc.nat(0x10ffff), { maxLength: 255 }).map((codes) => String.fromCodePoint(...codes)),
      fc.string({ unit: fc.constantFrom(...parts), maxLength: 80 }),
    );
    fc.assert(
      fc.property(text, (name) => typeof providerOf(name) === 'string'),
      { numRuns: 1_000 },
    );
    for (const part of [
      ...parts,
      'openai.',
      'meta-llama-',
      'ft:/',
      '/ft:',
      '0',
      '-0b',
      '\t',
      '_',
      'o1-',
      '__proto__/',
    ]) {
      for (const end of ['', '!', 'x', '\u0000']) modelInfo(`llama-${part.repeat(2_550 / part.length)}${end}`);
    }
  });

  it('is told of names that an object has by itself', () => {
    for (const name of [
      'constructor',
      '__proto__',
      'toString',
      'constructor/gpt',
      '__proto__.x',
      'hasOwnProperty-gpt-4',
    ]) {
      assert.deepEqual(modelInfo(name), { provider: UNKNOWN_PROVIDER, family: null, kind: null }, name);
    }
  });
});
