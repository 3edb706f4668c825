import type { Knex } from 'knex';
import { type Actor, auditedChange } from '../db/audit-log.ts';
import type { Count } from '../stats/sums.ts';
import { BadInput } from '../units/failures/bad-input.ts';
import { readableName, readFields } from '../units/input/fields.ts';
import { exactInteger } from '../units/integer.ts';
import { eurosText, type MicroEuros, microEuros, microEurosFromNumeric, NO_EUROS } from '../units/money.ts';
import { type Instant, timeFromPostgres } from '../units/time.ts';
import type { Finding } from './finding.ts';

/** What an admin said of a finding, and its figures then. */
export type Explanation = {
  text: string;
  by: string;
  at: Instant;
  count: Count;
  euros: MicroEuros;
};

export const FINDINGS_PATH = '/findings';
export const findingPath = (id: string): string => `${FINDINGS_PATH}/${id}`;

const MOST_OF_A_TEXT = 300;
/** Of more nobody would read them. */
const MOST_EXPLANATIONS = 1_000;

const shape = { text: readableName(MOST_OF_A_TEXT, 'an explanation') };

/** @throws BadInput */
export function parseExplanation(given: unknown): string {
  const { values, problems } = readFields(shape, given, 'an explanation');
  if (values === null || problems.length > 0) throw new BadInput(problems);
  return values.text;
}

type Row = {
  finding_id: string;
  text: string;
  count: string;
  euros: string;
  explained_at: string;
  explained_by: string;
};

/** All there are, by the finding that each is of. */
export async function readExplanations(backoffice: Knex): Promise<Map<string, Explanation>> {
  const rows = await backoffice('finding_explanations').limit(MOST_EXPLANATIONS).select<Row[]>();
  return new Map(
    rows.map(({ finding_id, text, count, euros, explained_at, explained_by }) => [
      finding_id,
      {
        ...{ text, by: explained_by, at: timeFromPostgres(explained_at) },
        ...{ count: exactInteger(count), euros: microEurosFromNumeric(euros) },
      },
    ]),
  );
}

type Figures = Pick<Finding, 'count' | 'euros'>;

const sizeOf = ({ count, euros }: Figures) => ({ count, euros: microEuros(Math.abs(euros ?? NO_EUROS)) });

/** Whether figures are more than a tenth above those that were explained: what goes on as it was is explained still. */
export function hasGrown(now: Figures, then: Figures): boolean {
  const [a, b] = [sizeOf(now), sizeOf(then)];
  return 10 * a.count > 11 * b.count || 10 * a.euros > 11 * b.euros;
}

/** What admins do with findings, each written down with who did. */
export function explanationChanges(backoffice: Knex) {
  return {
    /** In place of what was said before, with the figures of now. @throws BadInput where there are too many */
    explain: (who: Actor, id: string, finding: Finding, text: string): Promise<void> =>
      auditedChange(backoffice, who, 'explain finding', async (transaction) => {
        const { count, euros } = sizeOf(finding);
        await transaction.raw('LOCK TABLE finding_explanations IN SHARE ROW EXCLUSIVE MODE');
        const others = await transaction('finding_explanations')
          .whereNot({ finding_id: id })
          .count<{ count: string }[]>('* AS count')
          .first();
        if (Number(others?.count) >= MOST_EXPLANATIONS)
          throw new BadInput([
            { parameter: 'text', message: `is one too many: ${MOST_EXPLANATIONS} findings are explained already` },
          ]);
        await transaction('finding_explanations')
          .insert({ finding_id: id, text, count, euros: eurosText(euros), explained_by: who.email })
          .onConflict('finding_id')
          .merge({
            ...{ text, count, euros: eurosText(euros), explained_by: who.email },
            explained_at: transaction.fn.now(),
          });
        return { value: undefined, subject: findingPath(id), details: `${finding.subject}: ${text}` };
      }),
    /** @throws BadInput where it is not explained */
    takeBack: (who: Actor, id: string, finding: Finding): Promise<void> =>
      auditedChange(backoffice, who, 'take back explanation', async (transaction) => {
        const gone = await transaction('finding_explanations').where({ finding_id: id }).delete().returning('text');
        if (gone.length === 0) throw new BadInput([{ parameter: 'This finding', message: 'is not explained' }]);
        return { value: undefined, subject: findingPath(id), details: `${finding.subject}: ${gone[0].text}` };
      }),
  };
}
