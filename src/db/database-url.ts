import { createPrivateKey, X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';

/**
 * pg takes any word for a mode, and one that it does not know for the strictest. `prefer` and `allow` promise a fall-back
 * that it does not have; `require` and `verify-ca` check as much as `verify-full`.
 */
const SSL_MODES = ['verify-full', 'verify-ca', 'require', 'no-verify', 'disable'];

/** What each file of the TLS parameters must hold. */
const FILES: Record<string, { holds: string; read: (text: string) => unknown }> = {
  sslrootcert: { holds: 'a certificate', read: (text) => new X509Certificate(text) },
  sslcert: { holds: 'a certificate', read: (text) => new X509Certificate(text) },
  sslkey: { holds: 'a private key without a passphrase', read: (text) => createPrivateKey(text) },
};

const PARAMETERS = ['sslmode', ...Object.keys(FILES)];

/**
 * What a PostgreSQL address takes that this one does not have, or null when it is one. Reads the files it names. Never
 * repeats a value: a password may stand where it does not belong.
 */
export function databaseUrlProblem(text: string): string | null {
  const url = urlOf(text);
  if (url === null) return 'takes a URL such as postgres://user:password@host:5432/database?sslmode=verify-full';

  const given = [...url.searchParams.keys()].filter((name) => /^(ssl|tls)/i.test(name));
  if (new Set(given).size < given.length || given.some((name) => !PARAMETERS.includes(name))) {
    return `takes ${PARAMETERS.join(', ')} for TLS, each once`;
  }
  const mode = url.searchParams.get('sslmode');
  if (mode !== null && !SSL_MODES.includes(mode)) return `takes sslmode=${SSL_MODES.join(', ')}`;
  for (const [name, { holds, read }] of Object.entries(FILES)) {
    const path = url.searchParams.get(name);
    if (path === null) continue;
    const reason = fileProblem(path, read);
    if (reason) return `takes ${name}, a file with ${holds}; this one ${reason}`;
  }
  return null;
}

/** A socket's address has no host between @ and /, which URL refuses and pg takes. */
function urlOf(text: string): URL | null {
  if (!/^postgres(ql)?:\/\//.test(text)) return null;
  try {
    return new URL(text.replace('@/', '@localhost/'));
  } catch {
    return null;
  }
}

function fileProblem(path: string, read: (text: string) => unknown): string | null {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    return code === 'ENOENT' ? 'does not exist' : `cannot be read (${code})`;
  }
  try {
    read(text);
    return null;
  } catch {
    return 'holds none';
  }
}
