import assert from 'node:assert/strict';
import fc from 'fast-check';
import { fold, keyHas, nameHas, wordsOf } from '../../src/catalog/words.ts';

/** Any text, with many letters that have another way to be written. */
const text = fc
  .array(
    fc.oneof(fc.constantFrom(...'aãÃéÉçß ẞıİIiłŁøæﬁΣςσΆёй１Ａ–-’\'"が가'), fc.string({ unit: 'binary', maxLength: 3 })),
    {
      maxLength: 30,
    },
  )
  .map((parts) => parts.join(''));

const FORMS = ['NFC', 'NFD', 'NFKC', 'NFKD'] as const;

describe('a text as searches compare it', () => {
  const same = (...spellings: string[]) => {
    for (const spelling of spellings) assert.equal(fold(spelling), fold(spellings[0] as string), spelling);
  };

  it('has no case, no accents and no Unicode form', () => {
    same('joao', 'João', 'JOÃO', 'Joa\u0303o', 'JOAO');
    same('nguyen thi', 'Nguyễn Thị', 'NGUYỄN THỊ'.normalize('NFD'));
    same('gpt-5', 'ＧＰＴ－５', 'GPT–5', 'gpt‑5');
    same('fish', 'ﬁsh', 'FISH');
    same('ελλασ', 'Ελλάς', 'ΕΛΛΆΣ', 'ελλας');
    same('елка', 'Ёлка', 'ЕЛКА');
    same('שלום', 'שָׁלוֹם');
    same('محمد', 'مُحَمَّد');
    assert.equal(fold('한국'), '한국');
    assert.notEqual(fold('हिन्दी'), fold('हनद'), 'vowel signs are letters');
  });

  it('has plain letters for those that have no parts', () => {
    same('lukasz', 'Łukasz', 'ŁUKASZ');
    same('strasse', 'Straße', 'STRASSE', 'STRAẞE');
    same('soren', 'Søren', 'SØREN');
    same('dorde', 'Đorđe');
    same('istanbul', 'İstanbul', 'ISTANBUL', 'ıstanbul');
    same('aeroskobing', 'Ærøskøbing');
    same('oeuvre', 'Œuvre');
    same('thordis', 'Þórdís');
  });

  it('has one apostrophe, one dash and one space', () => {
    same("d'agua", 'd’Água', 'd´água', 'd`Água', 'dʼágua');
    same('ana-maria', 'Ana–Maria', 'Ana—Maria', 'Ana\u2011Maria');
    same('a b', ' a  b ', 'a\u00a0b', 'a\u3000b', 'a\nb');
    same('ab', 'a\u200bb', 'a\u00adb', '\ufeffab');
  });

  it('is the same for every Unicode form of a text, and for itself', () => {
    fc.assert(
      fc.property(text, (any) => {
        const folded = fold(any);
        assert.equal(fold(folded), folded);
        // ´ alone is an apostrophe; taken apart it is a space with an accent.
        if (/[\u00b4\u1ffd]/.test(any)) return;
        for (const form of FORMS) assert.equal(fold(any.normalize(form)), folded, form);
      }),
      { numRuns: 300 },
    );
  });
});

describe('the words of a search', () => {
  it('are found in any order, in any spelling of a text that has them', () => {
    fc.assert(
      fc.property(fc.array(text, { maxLength: 5 }), fc.infiniteStream(fc.integer()), (parts, order) => {
        const name = parts.join(' ');
        const shuffled = parts.map((part) => ({ part, at: order.next().value })).sort((a, b) => a.at - b.at);
        const words = wordsOf(shuffled.map(({ part }) => part).join(' '));
        assert.equal(keyHas(fold(name), words), words.length > 0);
        assert.equal(nameHas(fold(name), words), words.length > 0);
      }),
      { numRuns: 300 },
    );
  });

  it('are found whatever stands around them, and between their parts', () => {
    const parts = fc.array(fc.stringMatching(/^[a-zé0-9]{1,5}$/), { minLength: 1, maxLength: 4 });
    const around = fc.constantFrom('', ',', '“', '”', '«', '(', ')', '.', '…', '¿', '?!', "'", '—', '*');
    const between = fc.constantFrom('-', '_', '.', '/', ' ', '–', ':');
    fc.assert(
      fc.property(parts, between, between, around, around, (words, stored, typed, before, after) => {
        const search = wordsOf(before + words.join(typed) + after);
        const one = wordsOf(words.join(''));
        assert.ok(nameHas(fold(words.join(stored)), search), search.join());
        assert.ok(keyHas(fold(`x${stored}${words.join(stored)}`), search), search.join());
        assert.ok(keyHas(fold(`x${stored}${words.join(stored)}`), one), one.join());
      }),
      { numRuns: 500 },
    );
    assert.ok(!keyHas('veo-3', wordsOf('o3')));
    assert.ok(!keyHas('gpt-4', wordsOf('gpt_5')));
    assert.ok(!nameHas('ana e a maria', wordsOf('ana-maria')));
    assert.ok(!nameHas('50x off', wordsOf('50% o')), 'a % is one');
    assert.deepEqual(wordsOf('João - “Conceição”, (ou) ...'), ['joao', 'conceicao', 'ou']);
    assert.deepEqual(wordsOf('¿?'), ['¿?']);
  });

  it('are all needed, and none finds nothing', () => {
    assert.equal(keyHas(fold('João Conceição'), wordsOf('conceicao maria')), false);
    assert.equal(keyHas(fold('João'), wordsOf('\u0301')), false);
    assert.deepEqual(wordsOf('casa A as CASA'), ['casa']);
  });

  it('of one or two letters begin a word of a name', () => {
    const has = (name: string, search: string) => nameHas(fold(name), wordsOf(search));
    assert.ok(has('Zé Maria', 'ze'));
    assert.ok(has('Maria Zé', 'ZE'));
    assert.ok(has("João d'Orey", 'or'));
    assert.ok(has('Ana Brontë-Hughes', 'hu'));
    assert.ok(!has('As luzes', 'ze'));
    assert.ok(has('小龙传', '龙'), 'where words have no spaces between them, anywhere');
  });
});
