import assert from 'node:assert/strict';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { UsageError } from '../../scripts/command.ts';
import { argumentsOf, EXPORT } from '../../scripts/export-arguments.ts';
import { EXPORT_PARAMETERS } from '../../src/export/options.ts';
import { EXPORT_PAGES } from '../../src/pages.ts';

const out = join(tmpdir(), 'never-written.csv');
const STORY = 'stories/00000000-0000-4000-8000-000000000000';

describe('the options of npm run export', () => {
  it('are refused by name where they change nothing in what is exported', async () => {
    for (const [given, named] of [
      [{ month: '2026-10' }, '--month: not of records'],
      [{ compare: 'year', rankBy: 'cost' }, '--compare, --rankBy: not of records'],
      [{ of: 'statement', model: ['gpt-5'] }, '--model: not of statement'],
      [{ of: 'statement', period: '7d' }, '--period: not of statement'],
      [{ of: 'overview', month: '2026-10' }, '--month: not of overview'],
      [{ of: 'overview', sortBy: 'aiModel' }, '--sortBy: not of overview'],
      [
        { of: 'models/gpt-5', table: 'stories', compare: 'year' },
        '--compare: not of the table stories of models/gpt-5',
      ],
      [{ of: 'models/gpt-5', model: ['tts-1'] }, '--model: not of models/gpt-5'],
      [{ of: 'authors/x', breakdown: 'story' }, '--breakdown: not of authors/x'],
      [
        { of: 'overview', table: 'models', breakdown: 'hour' },
        '--breakdown: not of the table models of overview, which goes',
      ],
      [{ of: 'overview', table: 'models', by: 'action' }, '--by: not of the table models'],
      [{ of: 'overview', table: 'usage', rankBy: 'cost' }, '--rankBy: not of the table usage'],
      [{ of: 'overview', table: 'parts', compare: 'year' }, '--compare: not of the table parts'],
      [
        { of: 'overview', table: 'forecasts', period: '7d', compare: 'year' },
        '--period, --compare: not of the table forec',
      ],
      [
        { of: 'overview', table: 'breakdown', breakdown: 'hour', rankBy: 'cost' },
        '--rankBy: not of the table breakdown',
      ],
      [{ of: 'models/gpt-5', table: 'stories', rankBy: 'cost' }, '--rankBy: not of the table stories of models/gpt-5'],
      [{ of: 'models/' }, '--of models/: of which?'],
      [{ of: 'authors/' }, '--of authors/: of which?'],
      [{ of: STORY, period: '7d', from: '2026-10-01' }, '--period, --from: not of stories/'],
    ] as const)
      await assert.rejects(
        argumentsOf({ ...given, out } as Parameters<typeof argumentsOf>[0]),
        (error) => error instanceof UsageError && error.message.startsWith(named),
        named,
      );
  });

  it('name every page whose tables are files', async () => {
    const [alone = '', ofOne = ''] = EXPORT.options.of.help.replace(/;.*/s, '').split(/\s+or\s+/);
    assert.match(ofOne, /^[a-z|]+\/NAME$/);
    const named = [
      ...alone.split(/,\s+/),
      ...ofOne
        .replace('/NAME', '')
        .split('|')
        .map((kind) => `${kind}/x`),
    ];
    const pages = await Promise.all(named.map(async (of) => (await argumentsOf({ of, out })).of.page));
    assert.deepEqual(new Set(pages), new Set(EXPORT_PAGES));
  });

  it('are taken where they do, all of them by something', async () => {
    for (const given of [
      { period: '7d', model: ['gpt-5'], sortBy: 'aiModel', include: 'prompt' },
      { of: 'overview', by: 'action', compare: 'year', table: 'usage' },
      { of: 'overview', table: 'breakdown', breakdown: 'story', rankBy: 'requests', compare: 'year' },
      { of: 'statement', month: '2026-10', asOf: '2026-11-01T00:00:00Z', manifest: '1' },
      { of: 'models/gpt-5', action: ['test'], rankBy: 'requests' },
      { of: 'explore', rows: 'day', columns: 'provider', measure: 'requests', period: '7d' },
      { of: 'what-if', cached: '30', period: '7d' },
      { of: STORY, model: ['gpt-5'] },
    ]) {
      const { parameters } = await argumentsOf({ ...given, out });
      const { of: _, ...rest } = given as { of?: string };
      assert.deepEqual(parameters, rest);
    }
    const heeded = new Set([
      ...EXPORT_PAGES.flatMap((page) => page.heeds(null, {})),
      ...EXPORT_PARAMETERS,
      ...['out', 'format', 'of'],
    ]);
    assert.deepEqual([...heeded].sort(), Object.keys(EXPORT.options).sort());
  });
});
