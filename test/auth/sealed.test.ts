import assert from 'node:assert/strict';
import fc from 'fast-check';
import { seal, unseal } from '../../src/auth/sealed.ts';

describe('a sealed text', () => {
  it('opens with the secret and context it was sealed with, and says nothing of itself before', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), fc.string(), fc.string(), (text, context, secret) => {
        assert.equal(unseal(seal(text, context, secret), context, ['another', secret]), text);
      }),
    );
    const sealed = seal('a verifier and a path', 'state', 'secret');
    assert.match(sealed, /^[\w-]+$/, 'fit for a cookie as it is');
    assert.ok(!Buffer.from(sealed, 'base64url').includes('verifier'));
    assert.notEqual(seal('a verifier and a path', 'state', 'secret'), sealed, 'never the same twice');
  });

  it('is void under another secret, another context, or with any bit changed', () => {
    const sealed = seal('text', 'state', 'secret');
    assert.equal(unseal(sealed, 'state', ['wrong', 'secret ']), null);
    assert.equal(unseal(sealed, 'state', []), null);
    assert.equal(unseal(sealed, 'other state', ['secret']), null);
    const bytes = Buffer.from(sealed, 'base64url');
    for (let bit = 0; bit < bytes.length * 8; bit++) {
      const changed = Buffer.from(bytes);
      changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      assert.equal(unseal(changed.toString('base64url'), 'state', ['secret']), null);
    }
    for (let length = 0; length < bytes.length; length++) {
      assert.equal(unseal(bytes.subarray(0, length).toString('base64url'), 'state', ['secret']), null);
    }
  });
});
