import { parseUsageQuery } from '../src/ai-usage/query.ts';
import { createUsageReader } from '../src/ai-usage/reader.ts';
import { createReuse } from '../src/ai-usage/reuse.ts';
import { openDatabases } from '../src/db/connect.ts';
import { now } from '../src/units/time.ts';

const n = process.argv[2];
const u = (d: string) => `postgres://postgres@127.0.0.1:5498/mythoria_bench_${n}_${d}`;
const dbs = openDatabases({ workflows: u('workflows'), backoffice: u('backoffice'), mythoria: null });
const reader = createUsageReader({ databases: dbs, timeZone: 'Europe/Lisbon', reuse: createReuse(0) });
const q = () =>
  parseUsageQuery(
    Object.fromEntries(new URLSearchParams(process.argv[3] ?? 'period=90d')),
    { maxPageSize: 1000, timeZone: 'Europe/Lisbon' },
    now(),
  );
for (let i = 0; i < 10; i++) await reader.stats(q(), 'day');
let log = true;
for (const d of ['workflows', 'backoffice'] as const) {
  const b = new Map();
  dbs[d].on('query', (x) => b.set(x.__knexQueryUid, performance.now()));
  dbs[d].on('query-response', (r, x) => {
    if (log)
      console.log(
        d,
        (performance.now() - b.get(x.__knexQueryUid)).toFixed(1),
        'rows',
        r?.length ?? r?.rows?.length,
        x.sql.replace(/\s+/g, ' ').slice(0, 260),
        JSON.stringify(x.bindings).slice(0, 200),
      );
  });
}
const t = performance.now();
await reader.stats(q(), 'day');
console.log('TOTAL', performance.now() - t);
log = false;
const ts = [];
for (let i = 0; i < 200; i++) {
  const t = performance.now();
  await reader.stats(q(), 'day');
  ts.push(performance.now() - t);
}
ts.sort((a, b) => a - b);
console.log('p50', ts[100]);
for (const d of new Set(Object.values(dbs))) await d?.destroy();
