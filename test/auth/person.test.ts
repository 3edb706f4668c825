import assert from 'node:assert/strict';
import fc from 'fast-check';
import { domainOf, isAllowed, mayEnter } from '../../src/auth/person.ts';

const DOMAINS = ['mythoria.pt', 'caravanconcierge.com'];
const CLAIMS = { sub: '1', email: 'ana@mythoria.pt', email_verified: true, hd: 'mythoria.pt', name: 'Ana' };

const enters = (claims: object) => 'person' in mayEnter({ ...CLAIMS, ...claims }, DOMAINS);
const refusal = (claims: object) => {
  const entry = mayEnter({ ...CLAIMS, ...claims }, DOMAINS);
  return 'refusal' in entry ? entry.refusal : null;
};

describe('who may enter', () => {
  it('is a verified account of an allowed domain that Google hosts, in any case of letters', () => {
    assert.deepEqual(mayEnter(CLAIMS, DOMAINS), { person: { sub: '1', email: 'ana@mythoria.pt', name: 'Ana' } });
    assert.deepEqual(mayEnter({ ...CLAIMS, email: 'Ana@MYTHORIA.PT', hd: 'Mythoria.pt', name: ' ' }, DOMAINS), {
      person: { sub: '1', email: 'ana@mythoria.pt', name: 'Ana@MYTHORIA.PT' },
    });
    assert.ok(enters({ email: 'x@caravanconcierge.com', hd: 'caravanconcierge.com' }));
  });

  it('is nobody whose address is not verified, and only the boolean true says that it is', () => {
    assert.equal(refusal({ email_verified: false }), 'Google has not verified the address ana@mythoria.pt.');
    for (const email_verified of ['true', 'false', 1, {}, [true], null, undefined]) {
      assert.equal(refusal({ email_verified }), 'Google did not say who you are.');
    }
  });

  it('is nobody whose domain only looks like an allowed one', () => {
    for (const domain of [
      'evilmythoria.pt',
      'mythoria.pt.evil.example',
      'sub.mythoria.pt',
      '.mythoria.pt',
      'mythoria.pt.',
      'mythoria.pt ',
      ' mythoria.pt',
      'mythoria.pt\n',
      'mythoria.pt\0',
      'mythoria_pt',
      'mythoria\u3002pt',
      'mythori\u0430.pt',
      'mythoria.ptx',
      'pt',
      '',
      'mythoria.pt,caravanconcierge.com',
    ]) {
      assert.equal(enters({ email: `ana@${domain}`, hd: domain }), false, JSON.stringify(domain));
    }
  });

  it('is nobody whose address or organisation only becomes an allowed one in lower case: Kelvin’s sign is no k', () => {
    const domains = ['kiosk.pt'];
    const claims = { ...CLAIMS, email: 'ana@kiosk.pt', hd: 'kiosk.pt' };
    assert.ok('person' in mayEnter({ ...claims, email: 'ana@KIOSK.pt' }, domains));
    for (const odd of ['\u212aiosk.pt', 'kios\u212a.pt']) {
      assert.ok('refusal' in mayEnter({ ...claims, email: `ana@${odd}` }, domains));
      assert.ok('refusal' in mayEnter({ ...claims, hd: odd }, domains));
      assert.equal(isAllowed(`ana@${odd}`, domains), false);
    }
    assert.ok('refusal' in mayEnter({ ...claims, email: 'an\u0430@kiosk.pt' }, domains));
  });

  it('is nobody whose address has no @, several, or nothing before it', () => {
    for (const email of [
      'ana',
      'mythoria.pt',
      '@mythoria.pt',
      'ana@evil.example@mythoria.pt',
      'ana@mythoria.pt@mythoria.pt',
      '"ana@mythoria.pt"@mythoria.pt',
      'ana@mythoria.pt@evil.example',
      'ana@@mythoria.pt',
      '',
    ]) {
      assert.equal(enters({ email }), false, email);
    }
  });

  it('is nobody whose account Google does not host in that very domain', () => {
    for (const hd of [undefined, '', 'evil.example', 'evilmythoria.pt', 'caravanconcierge.com', 'mythoria.pt ']) {
      assert.equal(refusal({ hd }), 'ana@mythoria.pt is not an account that its organisation manages at Google.');
    }
    for (const hd of [null, 7, ['mythoria.pt']]) assert.equal(refusal({ hd }), 'Google did not say who you are.');
  });

  it('is nobody of whom Google says too little', () => {
    for (const profile of [
      null,
      undefined,
      'ana@mythoria.pt',
      [],
      {},
      { ...CLAIMS, sub: undefined },
      { ...CLAIMS, sub: '' },
    ]) {
      assert.deepEqual(mayEnter(profile, DOMAINS), { refusal: 'Google did not say who you are.', reason: 'unnamed' });
    }
    assert.equal(enters({ sub: 7 }), false);
    assert.equal(enters({ email: ['ana@mythoria.pt'] }), false);
  });

  it('is decided alike for anything that Google might say', () => {
    const part = fc.constantFrom(
      'ana',
      '@',
      'mythoria.pt',
      'MYTHORIA.PT',
      'caravanconcierge.com',
      '.',
      'evil',
      ' ',
      '',
    );
    const email = fc.array(part, { maxLength: 5 }).map((parts) => parts.join(''));
    const hd = fc.option(fc.oneof(part, email), { nil: undefined });
    const verified = fc.constantFrom(true, false, 'true', undefined);
    fc.assert(
      fc.property(email, hd, verified, (email, hd, email_verified) => {
        const allowed = /^[^@]+@(mythoria\.pt|caravanconcierge\.com)$/i.exec(email)?.[1]?.toLowerCase();
        const expected = allowed !== undefined && email_verified === true && hd?.toLowerCase() === allowed;
        assert.equal(enters({ email, hd, email_verified }), expected);
      }),
      { numRuns: 2_000 },
    );
  });
});

describe('the domain of an address', () => {
  it('is what stands after its only @', () => {
    assert.equal(domainOf('Ana@Mythoria.PT'), 'mythoria.pt');
    for (const email of ['', '@', 'ana@', '@b', 'a@b@c']) assert.equal(domainOf(email), null);
  });

  it('is compared as a whole with the list as it is now', () => {
    assert.equal(isAllowed('ana@mythoria.pt', DOMAINS), true);
    assert.equal(isAllowed('ana@mythoria.pt', ['caravanconcierge.com']), false);
    assert.equal(isAllowed('ana@evilmythoria.pt', DOMAINS), false);
  });
});
