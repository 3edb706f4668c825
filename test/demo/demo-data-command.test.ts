import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';

describe('npm run demo:data', () => {
  it('refuses a number of rows that is none, before it opens a database', () => {
    const command = ['--import', 'tsx', 'scripts/demo-data.ts', '--rows', '1e6'];
    const { status, stderr, stdout } = spawnSync(process.execPath, command, { encoding: 'utf8' });
    assert.equal(status, 1);
    assert.equal(stdout, '');
    assert.match(stderr, /^demo-data: --rows takes a whole number .* it was "1e6"\.\n$/);
  });
});
