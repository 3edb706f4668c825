import type { ParameterProblem } from '../../units/failures/bad-input.ts';
import type { Format } from '../../units/format.ts';
import { otherProblems, problemOf } from '../../units/input/form-field.ts';
import type { Instant } from '../../units/time.ts';
import { SCOPE_WORDS, SCOPES, type Scope } from './scopes.ts';
import { type ApiToken, hasEnded } from './store.ts';
import { DAYS, MOST_DAYS } from './terms.ts';

export const TOKENS_PATH = '/account/tokens';
export const EVERYBODYS_TOKENS_PATH = `${TOKENS_PATH}/everyone`;

/** A token as a row of the page at `path`, which revokes it. */
export function tokenRow(token: ApiToken, path: string, at: Instant, format: Format) {
  const { id, person, name, scopes, made, expires, revoked, lastUsed } = token;
  const instant = (instant: Instant) => ({ time: format.iso(instant), text: format.minute(instant) });
  return {
    name,
    email: person.email,
    scopes: scopes.join(', '),
    made: instant(made),
    ends: revoked
      ? { ...instant(revoked), word: 'revoked' }
      : { ...instant(expires), word: expires <= at ? 'expired' : '' },
    used: lastUsed && { ...instant(lastUsed.at), from: lastUsed.from },
    revoke: hasEnded(token, at) ? null : `${path}/${id}/revoke`,
  };
}

export function tokenForm(values: Record<string, unknown>, problems: readonly ParameterProblem[]) {
  const chosen = [values.scopes ?? []].flat();
  const field = (name: string, value: string) => ({ value, problem: problemOf(problems, name) });
  return {
    action: TOKENS_PATH,
    name: field('name', String(values.name ?? '')),
    days: { ...field('days', String(values.days ?? DAYS)), most: MOST_DAYS },
    scopes: {
      problem: problemOf(problems, 'scopes'),
      choices: SCOPES.map((scope: Scope) => ({
        value: scope,
        label: SCOPE_WORDS[scope],
        checked: chosen.includes(scope),
      })),
    },
    others: otherProblems(problems, ['name', 'days', 'scopes']),
  };
}
