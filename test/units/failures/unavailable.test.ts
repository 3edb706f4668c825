import assert from 'node:assert/strict';
import { loggable } from '../../../src/units/failures/loggable.ts';
import { isUnavailable } from '../../../src/units/failures/unavailable.ts';

describe('whether a database only does not answer now', () => {
  const failure = (message: string, code?: string) => Object.assign(new Error(message), code ? { code } : {});

  it('is told by the codes of PostgreSQL and Node', () => {
    for (const code of [
      ...[
        '08000',
        '08001',
        '08006',
        '08P01',
        '53000',
        '53300',
        '55P03',
        '57014',
        '57P01',
        '57P02',
        '57P03',
        '25P03',
        '25P04',
      ],
      ...['ECONNREFUSED', 'ECONNRESET', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH', 'ENETUNREACH', 'ETIMEDOUT', 'EPIPE'],
    ]) {
      assert.equal(isUnavailable(failure('x', code)), true, code);
    }
    for (const code of ['42P01', '42703', '22P02', '23505', '28P01', '3D000', '42501', 'ERR_INVALID_URL', 'EACCES']) {
      assert.equal(isUnavailable(failure('x', code)), false, code);
    }
  });

  it('is told of a database that takes no connections, and not of whatever else is not in its state', () => {
    const refused = failure('database "backoffice" nimmt keine Verbindungen an', '55000');
    assert.equal(isUnavailable(Object.assign(refused, { routine: 'CheckMyDatabase' })), true);
    assert.equal(isUnavailable(Object.assign(failure('x', '55000'), { routine: 'lastval' })), false);
  });

  it('is told by the words of pg and Knex where there is no code', () => {
    for (const message of [
      'Knex: Timeout acquiring a connection. The pool is probably full. Are you missing a .transacting(trx) call?',
      'timeout expired',
      'Connection terminated unexpectedly',
      'select 1 - Connection terminated',
      'Connection terminated due to connection timeout',
      'Unable to acquire a connection',
      'Client has encountered a connection error and is not queryable',
    ]) {
      assert.equal(isUnavailable(failure(message)), true, message);
    }
    assert.equal(isUnavailable(failure('Cannot read properties of undefined')), false);
    assert.equal(isUnavailable(undefined), false);
    assert.equal(isUnavailable('timeout expired'), false);
  });

  it('is not told by what a person searched for', () => {
    assert.equal(isUnavailable(failure(`select … '%timeout%' - column x does not exist`, '42703')), false);
    assert.equal(isUnavailable(failure(`select … '%Connection terminated%' - syntax error`, '42601')), false);
  });

  it('is told of a database behind a socket file that is not there, but not of any missing file', () => {
    assert.equal(isUnavailable(Object.assign(failure('x', 'ENOENT'), { syscall: 'connect' })), true);
    assert.equal(isUnavailable(Object.assign(failure('x', 'ENOENT'), { syscall: 'open' })), false);
  });
});

describe('what the log says of an error', () => {
  it('has neither the values nor the words of a database’s message', () => {
    const error = Object.assign(new Error(`select 'secret' - no`), {
      code: '42703',
      detail: 'secret',
      client: { password: 'secret' },
    });
    assert.ok(!JSON.stringify(loggable(error)).includes('secret'));
    assert.equal(loggable(error).code, '42703');
    assert.deepEqual(loggable('thrown text'), { message: 'thrown text' });
  });
});
