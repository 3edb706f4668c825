import { existingIndexes, RECOMMENDED_INDEXES, statementsFor } from '../src/stats/indexes.ts';
import { command } from './command.ts';
import { withDatabases } from './with-databases.ts';

const INDEXES = {
  name: 'workflows:indexes',
  does: 'Prints, as SQL, the indexes worth having on token_usage_tracking and which exist. Creates none: the table is its owner’s.',
  example: '',
  options: {},
};

await command(INDEXES, () =>
  withDatabases(async ({ workflows }) => {
    const existing = await existingIndexes(workflows);
    for (const one of RECOMMENDED_INDEXES) {
      const found = existing.get(one.name);
      console.log(`-- ${one.serves}${found ? ` (exists: ${found})` : ''}`);
      for (const line of await statementsFor(workflows, one)) console.log(`${found ? '-- ' : ''}${line};`);
      console.log('');
    }
  }),
);
