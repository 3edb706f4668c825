import assert from 'node:assert/strict';
import fc from 'fast-check';
import { addressProblem, isPublic, type Lookup, targetProblem } from '../../src/delivery/targets.ts';

const NAMES: Record<string, string[]> = {
  'hooks.example': ['93.184.215.14', '2606:2800:21f:cb07:6820:80da:af6b:8b2c'],
  'inside.example': ['127.0.0.1'],
  'half.example': ['93.184.215.14', '10.0.0.1'],
  'mapped.example': ['::ffff:10.0.0.1'],
};
const lookup: Lookup = async (host) => {
  const addresses = NAMES[host];
  if (!addresses) throw Object.assign(new Error('no'), { code: 'ENOTFOUND' });
  return addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 }));
};
const rules = { allowedHosts: ['hooks.internal', 'localhost:8080', '10.0.0.7'], lookup };

describe('where webhooks may lead', () => {
  const LITERALS = [
    ...['127.0.0.1', '0.0.0.0', '169.254.169.254', '10.0.0.1', '172.16.0.1', '192.168.1.1', '100.64.0.1'],
    ...['2130706433', '0x7f000001', '017700000001', '0177.0.0.1', '127.1', '127.0.0.1.', '0xa9fea9fe', '１２７.0.0.1'],
    ...['224.0.0.1', '240.0.0.1', '255.255.255.255', '198.18.0.1', '192.0.0.8', '192.0.2.1', '203.0.113.9'],
    ...['[::1]', '[::]', '[::ffff:127.0.0.1]', '[::ffff:a9fe:a9fe]', '[::127.0.0.1]', '[64:ff9b::7f00:1]'],
    ...[
      '[64:ff9b:1::a00:1]',
      '[2002:7f00:1::]',
      '[2001:0:7f00:1::]',
      '[fe80::1]',
      '[fec0::1]',
      '[fd00::1]',
      '[ff02::1]',
    ],
    ...['[2001:db8::1]', '[3fff::1]', '[100::1]', '[4000::1]', '[5f00::1]'],
  ];
  for (const host of LITERALS) {
    it(`is not ${host}`, () => {
      assert.match(String(addressProblem(`https://${host}/x`, rules)), /^leads to .*, which is no public address/);
    });
  }

  for (const url of [
    ...[
      'http://hooks.example/',
      'ftp://hooks.example/',
      'file:///etc/passwd',
      'hooks.example',
      'https://',
      'https:// x/',
    ],
    ...[
      'https://user:pw@hooks.example/',
      'https://user@hooks.example/',
      'https://hooks.example/#part',
      'https:\\\\x.example',
    ],
    ...[
      'https://hooks.example/a\nb',
      ' https://hooks.example/',
      'javascript:alert(1)',
      `https://x.example/${'a'.repeat(2000)}`,
    ],
    ...[
      'http://localhost/',
      'http://localhost:8081/',
      'https://localhost:8443/',
      'http://hooks.internal:8080/',
      'https://999.1.1.1/',
    ],
  ])
    it(`is not ${JSON.stringify(url).slice(0, 60)}`, async () => {
      assert.match(String(await targetProblem(url, rules)), /^takes |^leads to /);
    });

  it('are public hosts over https, on any port, and what the settings name, also over http', async () => {
    for (const url of [
      ...['https://hooks.example/x?y=1', 'https://hooks.example:8443/', 'https://93.184.215.14/'],
      ...['https://[2606:2800:21f:cb07:6820:80da:af6b:8b2c]/', 'http://hooks.internal/', 'https://hooks.internal/'],
      ...['http://localhost:8080/', 'http://10.0.0.7/', 'HTTPS://HOOKS.EXAMPLE/'],
    ])
      assert.equal(await targetProblem(url, rules), null, url);
  });

  it('is no name of which one address is not public, and none that is not known', async () => {
    assert.match(String(await targetProblem('https://inside.example/', rules)), /^leads to 127\.0\.0\.1, which/);
    assert.match(String(await targetProblem('https://half.example/', rules)), /^leads to 10\.0\.0\.1, which/);
    assert.match(String(await targetProblem('https://mapped.example/', rules)), /^leads to ::ffff:10\.0\.0\.1, which/);
    assert.match(
      String(await targetProblem('https://nobody.example/', rules)),
      /cannot be looked up now \(ENOTFOUND\)$/,
    );
  });

  it('is no private address of IPv4, in whatever way IPv6 holds it', () => {
    const octet = fc.integer({ min: 0, max: 255 });
    const inside = fc.oneof(
      fc.tuple(fc.constantFrom(0, 10, 127), octet, octet, octet),
      fc.tuple(fc.constant(192), fc.constant(168), octet, octet),
      fc.tuple(fc.constant(169), fc.constant(254), octet, octet),
    );
    fc.assert(
      fc.property(inside, (octets) => {
        const dotted = octets.join('.');
        const number = octets.reduce((sum, one) => sum * 256 + one, 0);
        const hex = number.toString(16).padStart(8, '0');
        const groups = `${hex.slice(0, 4)}:${hex.slice(4)}`;
        const hosts = [dotted, String(number), `0x${hex}`, octets.map((one) => `0${one.toString(8)}`).join('.')];
        const sixes = ['::ffff:', '64:ff9b::', '::', '64:ff9b:1::'].map((prefix) => `[${prefix}${groups}]`);
        for (const host of [...hosts, ...sixes, `[2002:${groups}::]`])
          assert.notEqual(addressProblem(`https://${host}/`, rules), null, host);
        assert.equal(isPublic(dotted), false);
      }),
    );
  });
});
