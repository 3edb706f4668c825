import { actionInfo } from '../catalog/actions.ts';
import { written } from '../catalog/written.ts';
import type { UsageStats } from './stats.ts';
import { type Sums, sumOf } from './sums.ts';

/** Whether the tiles are the sum of the models, of the actions and of the days, to the micro-euro. */
export function tiesOut({ total, models, actions, buckets }: UsageStats): boolean {
  const same = (a: Sums, b: Sums) =>
    a.cost === b.cost &&
    a.requests === b.requests &&
    a.inputTokens === b.inputTokens &&
    a.outputTokens === b.outputTokens;
  return [models, actions, buckets].every((parts) => same(sumOf(parts), total));
}

/** A figure as the page shows it and from raw rows: a count, or micro-euros. */
export type Figure = { label: string; kept: number; raw: number; euros: boolean };

/** Every figure of both. */
export function figuresOf(kept: UsageStats, raw: UsageStats): Figure[] {
  const keys = <T>(a: T[], b: T[], key: (row: T) => string) => [...new Set([...a, ...b].map(key))];
  const cost = <T extends Sums>(rows: T[], is: (row: T) => boolean) => rows.find(is)?.cost ?? 0;
  return [
    { label: 'Total cost', kept: kept.total.cost, raw: raw.total.cost, euros: true },
    { label: 'Requests', kept: kept.total.requests, raw: raw.total.requests, euros: false },
    { label: 'Tokens in', kept: kept.total.inputTokens, raw: raw.total.inputTokens, euros: false },
    { label: 'Tokens out', kept: kept.total.outputTokens, raw: raw.total.outputTokens, euros: false },
    { label: 'Stories', kept: kept.total.stories, raw: raw.total.stories, euros: false },
    ...keys(kept.models, raw.models, ({ model }) => model).map((name) => ({
      label: `Cost of model ${written(name)}`,
      kept: cost(kept.models, ({ model }) => model === name),
      raw: cost(raw.models, ({ model }) => model === name),
      euros: true,
    })),
    ...keys(kept.actions, raw.actions, ({ action }) => action).map((name) => ({
      label: `Cost of action ${actionInfo(name).label}`,
      kept: cost(kept.actions, ({ action }) => action === name),
      raw: cost(raw.actions, ({ action }) => action === name),
      euros: true,
    })),
  ];
}

/** Whether every figure is the same as the page shows it and from raw rows. */
export const sameFigures = (kept: UsageStats, raw: UsageStats): boolean =>
  figuresOf(kept, raw).every((figure) => figure.kept === figure.raw);
