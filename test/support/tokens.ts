import { SCOPES } from '../../src/auth/tokens/scopes.ts';
import { addTime, HOUR, now, postgresFromInstant } from '../../src/units/time.ts';
import { databases } from './databases.ts';

/** One that is used, one that is over. */
export async function fillTokens([used, over]: [string, string], name: string): Promise<void> {
  const token = {
    ...{ sub: '101', email: 'ana.sousa@mythoria.pt', scopes: SCOPES },
    made_at: postgresFromInstant(addTime(now(), -50n * HOUR)),
  };
  await databases()
    .backoffice('api_tokens')
    .insert([
      {
        ...{ ...token, token_id: used, token_hash: 'used', name },
        ...{ expires_at: postgresFromInstant(addTime(now(), 500n * HOUR)), last_used_at: postgresFromInstant(now()) },
        last_used_from: '2001:0db8:85a3:0000:0000:8a2e:0370:7334',
      },
      {
        ...{ ...token, token_id: over, token_hash: 'over', name: 'Over', scopes: ['stats'] },
        expires_at: postgresFromInstant(addTime(now(), -HOUR)),
      },
    ])
    .onConflict('token_id')
    .ignore();
}
