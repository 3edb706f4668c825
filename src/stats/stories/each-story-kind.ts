import { rollupPasses, type UsageFilter, whereUsage } from '../../query/filter.ts';
import { NoNumber } from '../../units/money.ts';
import type { Window } from '../../units/time.ts';
import { readEnds, windowPartsOf } from '../parts.ts';
import { lookUpNumbers } from '../rollups/packed/numbers.ts';
import { eachSums } from '../rollups/packed/packed-days.ts';
import type { StoryCell } from '../rollups/story-cells.ts';
import type { UsageSource } from '../source.ts';
import { SUM_RAW, type SumRow, type Sums, sumsOf, type UsageKind } from '../sums.ts';
import type { UnitKey } from './each-unit.ts';
import { askedOf } from './read-whole-days.ts';
import { readHourCells, unpackedCells } from './story-sums.ts';

type Tell = (kind: UsageKind, story: UnitKey, cost: number, requests: number) => void;

/**
 * Tells what each story had of each action and model of a window, in parts: a day's, an hour's, a call's. Nothing of it is added up or kept, for of
 * all actions and models that would be more than a process keeps, and drive out what every page needs. @throws NoNumber
 */
export async function eachStoryKind(
  source: UsageSource,
  window: Window,
  filter: UsageFilter,
  tell: Tell,
): Promise<void> {
  const { backoffice, workflows, memory } = source;
  const parts = windowPartsOf(source, window, filter, { days: true });
  const kept = parts.kept ?? { filter, ends: [], hours: [], days: [] };
  const byId: (UsageKind & Pick<Sums, 'cost' | 'requests'> & { story: string })[] = [];
  for (const part of parts.sql) {
    const rows: (SumRow & UsageKind & { story: string })[] = await workflows('token_usage_tracking')
      .select({ story: 'story_id', model: 'ai_model' })
      .select(workflows.raw(`action::text AS action, ${SUM_RAW}`))
      .modify(whereUsage, part.window, part.filter)
      .groupBy('story_id', 'action', 'ai_model');
    for (const { story, action, model, ...sums } of rows) byId.push({ story, action, model, ...sumsOf(sums) });
  }
  const passes = rollupPasses(kept.filter);
  for (const { kind, at, story, cost, requests } of await readEnds(source, parts))
    if (passes(kind, at)) byId.push({ ...kind, story, cost, requests });

  const asked = askedOf(memory.days, kept.days, kept.filter, true);
  const unpacked = await eachSums(backoffice, memory.packedDays, asked, ({ stories, cost, requests }, kind) => {
    for (let i = 0; i < stories.length; i++) {
      if (Number.isNaN(cost[i])) throw new NoNumber('not an amount: NaN');
      tell(kind, stories[i] as number, cost[i] as number, requests[i] as number);
    }
  });
  const tellCells = async (cells: StoryCell[]) => {
    const ids = cells.flatMap(({ pairs, sums }) => Array.from(sums.pair, (pair) => pairs.stories[pair] as string));
    const numbers = await lookUpNumbers(backoffice, memory.numbers, 'story', ids);
    for (const { action, model, pairs, sums } of cells) {
      const kind = { action, model };
      for (let i = 0; i < sums.pair.length; i++) {
        const id = pairs.stories[sums.pair[i] as number] as string;
        if (Number.isNaN(sums.cost[i])) throw new NoNumber('not an amount: NaN');
        tell(kind, numbers.get(id) ?? id, sums.cost[i] as number, sums.requests[i] as number);
      }
    }
  };
  await tellCells(await readHourCells(source, kept));
  for await (const cells of unpackedCells(source, kept.filter, unpacked)) await tellCells(cells);
  const numbers = await lookUpNumbers(
    backoffice,
    memory.numbers,
    'story',
    byId.map(({ story }) => story),
  );
  for (const { story, cost, requests, ...kind } of byId) tell(kind, numbers.get(story) ?? story, cost, requests);
}
