import { isoFromInstant } from '../../units/time.ts';
import { pinnedAt, type UsageTable, usageExport } from '../exports/usage-export.ts';
import {
  parseStatement,
  readStatement,
  STATEMENT_PARAMETERS,
  STATEMENT_PATH,
  statementTables,
  statementUrl,
} from './statement.ts';

const table = (name: keyof ReturnType<typeof statementTables>): UsageTable => ({
  heeds: STATEMENT_PARAMETERS,
  read: async ({ reader, query, format }) => {
    const { value } = await readStatement(reader, query);
    return statementTables(value, query, format)[name];
  },
});

export const STATEMENT_EXPORT = usageExport({
  path: STATEMENT_PATH,
  parameters: STATEMENT_PARAMETERS,
  asked: (_name, parameters, limits, at) => {
    const { month, query: asked } = parseStatement(parameters, limits, at);
    const query = pinnedAt(asked);
    const address = `${statementUrl(month, query)}&asOf=${isoFromInstant(query.asOf)}`;
    return { query, address, title: `Statement ${month}` };
  },
  tables: { models: table('models'), actions: table('actions'), days: table('days'), tieOut: table('tieOut') },
  cost: async ({ reader, query }) => (await readStatement(reader, query)).value.total.cost,
});
