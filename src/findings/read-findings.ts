import type { Knex } from 'knex';
import { now } from '../units/time.ts';
import { type Explanation, hasGrown, readExplanations } from './explanations.ts';
import { byWeight, everyCall, type Finding, type FindingSources, findingId, type Kind } from './finding.ts';
import { KINDS } from './kinds/registry.ts';

/** A finding with its name in addresses, and what was said of it; that is `current` as long as its figures have not grown. */
export type ExplainedFinding = Finding & {
  id: string;
  kind: Kind;
  explanation: Explanation | null;
  isExplained: boolean;
};

export type FoundOfKind = { kind: Kind; findings: ExplainedFinding[]; notes: string[] };

/** What a page lists of a kind. */
const MOST_FINDINGS = 100;

/** What is found of a kind now, the most expensive ones first. */
export async function readKind(
  sources: FindingSources,
  kind: Kind,
  explanations: ReadonlyMap<string, Explanation>,
): Promise<FoundOfKind> {
  const { reader, format } = sources;
  const found = await reader.ofOneState(async (reader) =>
    kind.find({ ...sources, reader }, await reader.recent(everyCall(format, now()))),
  );
  const findings = found.findings.sort(byWeight);
  const more = findings.length - MOST_FINDINGS;
  return {
    kind,
    findings: findings.slice(0, MOST_FINDINGS).map((finding) => {
      const id = findingId(kind.name, finding.key);
      const explanation = explanations.get(id) ?? null;
      return {
        ...finding,
        id,
        kind,
        explanation,
        isExplained: explanation !== null && !hasGrown(finding, explanation),
      };
    }),
    notes: [...found.notes, ...(more > 0 ? [`The first ${MOST_FINDINGS} of ${format.integer(findings.length)}.`] : [])],
  };
}

/** The finding of a name, and its kind; null where there is none now. */
export async function readFinding(
  sources: FindingSources & { databases: { backoffice: Knex } },
  id: string,
): Promise<ExplainedFinding | null> {
  const kind = KINDS.find(({ name }) => id.startsWith(`${name}-`) && id.length === name.length + 17);
  if (kind === undefined) return null;
  const { findings } = await readKind(sources, kind, await readExplanations(sources.databases.backoffice));
  return findings.find((finding) => finding.id === id) ?? null;
}
