import { existingIndexes, RECOMMENDED_INDEXES } from '../src/ai-usage/indexes.ts';
import { withDatabases } from './with-databases.ts';

/** Prints the indexes worth having on token_usage_tracking. Creates none: the table belongs to the workflow service. */
await withDatabases(async ({ workflows }) => {
  const existing = await existingIndexes(workflows);
  for (const { name, statement, serves } of RECOMMENDED_INDEXES) {
    const found = existing.get(name);
    console.log(`-- ${serves}${found ? ` (exists: ${found})` : ''}\n${found ? '-- ' : ''}${statement};\n`);
  }
});
