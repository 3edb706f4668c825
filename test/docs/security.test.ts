import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';

/** Of OWASP's Application Security Verification Standard 5.0. */
const CHAPTERS = [
  'Encoding and sanitization',
  'Validation and business logic',
  'Web frontend security',
  'API and web service',
  'File handling',
  'Authentication',
  'Session management',
  'Authorization',
  'Self-contained tokens',
  'OAuth and OIDC',
  'Cryptography',
  'Secure communication',
  'Configuration',
  'Data protection',
  'Secure coding and architecture',
  'Security logging and error handling',
  'WebRTC',
];

describe('docs/security.md', () => {
  const text = readFileSync('docs/security.md', 'utf8');
  const [, ...parts] = text.split(/^## /m);

  it('goes through every chapter in order', () => {
    const titles = parts.map((part) => part.slice(0, part.indexOf('\n')));
    assert.deepEqual(
      titles,
      CHAPTERS.map((title, i) => `V${i + 1} ${title}`),
    );
  });

  it('has no line that nobody can check: each names a test, or says that it is a gap or does not apply', () => {
    const lines = parts.flatMap((part) => part.split(/^- /m).slice(1));
    assert.ok(lines.length > 40);
    const unproved = lines.filter((line) => !/`test\/[^`]+`/.test(line) && !/^(Gap: |Not applicable: )/.test(line));
    assert.deepEqual(unproved, []);
  });

  it('names for each what shows that it holds, tests that there are, or says that it does not apply', () => {
    for (const part of parts) {
      const named = [...part.matchAll(/`(test\/[^`]+)`/g)].map(([, path = '']) => path);
      assert.ok(named.length > 0 || part.includes('Not applicable'), part);
      for (const path of named) {
        assert.ok(existsSync(path), path);
        assert.match(readFileSync(path, 'utf8'), /\bit\(/, path);
      }
    }
  });
});
