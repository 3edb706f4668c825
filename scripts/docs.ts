import { readFile, writeFile } from 'node:fs/promises';
import { command } from './command.ts';
import { DOCS, withFilters } from './docs/filters.ts';

await command(
  {
    name: 'docs',
    does: 'Writes what the registry of filters says into README.md and docs/openapi.yaml.',
    example: '',
    options: {},
  },
  async () => {
    for (const [path, places] of Object.entries(DOCS)) {
      const text = await readFile(path, 'utf8');
      const written = withFilters(text, places);
      if (written !== text) await writeFile(path, written);
      console.log(`${path}: ${written === text ? 'as it was' : 'written'}`);
    }
  },
);
