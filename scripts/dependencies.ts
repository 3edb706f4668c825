import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { command } from './command.ts';

const DEPENDENCIES = {
  name: 'dependencies',
  does: `Checks what package-lock.json names: that each package is under a licence that we may use, has a checksum and comes from no
private registry; and asks the registry whether a weakness of what the server runs is known.`,
  example: '',
  options: {},
};

/** SPDX. MPL-2.0 is of files: whoever uses them unchanged owes nothing. */
const ALLOWED = [
  ...['MIT', 'MIT-0', 'ISC', '0BSD', 'BSD-2-Clause', 'BSD-3-Clause', 'Apache-2.0', 'MIT OR Apache-2.0'],
  ...['BlueOak-1.0.0', 'PSF-2.0', 'MPL-2.0'],
];

/** Packages whose package.json does not say in SPDX what their LICENSE file does. */
const NAMED: Record<string, string> = {
  'htmx.org': '0BSD, which it calls BSD-0-Clause',
  'passport-strategy': 'MIT',
  pause: 'MIT',
};

const REGISTRY = 'https://registry.npmjs.org/';

type Locked = { license?: string; resolved?: string; integrity?: string };
type Audit = {
  vulnerabilities?: Record<
    string,
    { severity: string; range: string; via: (string | { title: string; url: string })[] }
  >;
  message?: string;
};

await command(DEPENDENCIES, async () => {
  const { packages } = JSON.parse(await readFile('package-lock.json', 'utf8')) as { packages: Record<string, Locked> };
  const locked = Object.entries(packages).filter(([path]) => path !== '');
  const problems = locked.flatMap(([path, one]) => lockProblems(path.replace(/^.*node_modules\//, ''), one));
  if (problems.length === 0) console.log(`${locked.length} packages: licences, checksums and origins are in order`);
  const { vulnerabilities, message } = await audit();
  if (vulnerabilities === undefined) {
    console.log(`not checked for known weaknesses, the registry does not answer: ${message ?? 'no reason given'}`);
  } else {
    for (const [name, { severity, range, via }] of Object.entries(vulnerabilities)) {
      const known = via.map((one) => (typeof one === 'string' ? `by ${one}` : `${one.title} (${one.url})`));
      problems.push(`${name} ${range}: ${severity}: ${known.join('; ')}`);
    }
    if (Object.keys(vulnerabilities).length === 0) console.log('no known weakness of what the server runs');
  }
  if (problems.length > 0) throw new Error(problems.join('\n'));
});

function lockProblems(name: string, { license, resolved, integrity }: Locked): string[] {
  return [
    ...(ALLOWED.includes(license ?? '') || name in NAMED ? [] : [`${name}: licence ${license ?? 'unknown'}`]),
    ...(integrity ? [] : [`${name}: no checksum`]),
    ...(resolved === undefined || resolved.startsWith(REGISTRY) ? [] : [`${name}: from another registry`]),
  ];
}

/** npm exits with 1 where it has found something, which is then in what it prints. */
function audit(): Promise<Audit> {
  return new Promise((done) => {
    const args = ['audit', '--omit=dev', '--json', '--fetch-retries=0', '--fetch-timeout=20000'];
    execFile('npm', args, { maxBuffer: 64_000_000 }, (error, stdout) => {
      try {
        done(JSON.parse(stdout));
      } catch {
        done({ message: error?.message });
      }
    });
  });
}
