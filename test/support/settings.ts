import assert from 'node:assert/strict';
import { ConfigError, readConfig } from '../../src/config.ts';

/** Everything that production asks for, and nothing else. */
export const PRODUCTION = {
  NODE_ENV: 'production',
  APP_URL: 'https://admin.mythoria.pt',
  WORKFLOWS_DATABASE_URL: 'postgres://reader:pw@db.internal:5432/workflows_db?sslmode=verify-full',
  BACKOFFICE_DATABASE_URL: 'postgresql://admin:pw@db.internal/backoffice_db',
  GOOGLE_CLIENT_ID: 'client',
  GOOGLE_CLIENT_SECRET: 'secret',
  SESSION_SECRET: 's'.repeat(32),
};

export function problemsOf(variables: NodeJS.ProcessEnv): string[] {
  try {
    readConfig(variables);
  } catch (error) {
    assert.ok(error instanceof ConfigError);
    return error.problems;
  }
  return [];
}
