import { type UsageQuery, usageUrl } from '../../query/query.ts';

export type Hidden = { name: string; value: string };

/** The fields that a form must carry along because it does not show them: every parameter but those named. */
export function hiddenFields(query: UsageQuery, shown: string[]): Hidden[] {
  const { searchParams } = new URL(usageUrl('/', query), 'http://localhost');
  return [...searchParams].filter(([name]) => !shown.includes(name)).map(([name, value]) => ({ name, value }));
}
