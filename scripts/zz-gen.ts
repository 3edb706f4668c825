import { generateRows } from '/work/main/scripts/bench/rows.ts';
import { RECOMMENDED_INDEXES } from '/work/main/src/ai-usage/indexes.ts';
import { openDatabase } from '/work/main/src/db/connect.ts';

const rows = Number(process.argv[2]);
const server = 'postgres://postgres@127.0.0.1:5498/postgres';
const admin = openDatabase(server, { maxConnections: 1, unhurried: true });
for (const d of ['workflows', 'backoffice']) await admin.raw('CREATE DATABASE ??', [`mythoria_bench_${rows}_${d}`]);
await admin.destroy();
const w = openDatabase(`postgres://postgres@127.0.0.1:5498/mythoria_bench_${rows}_workflows`, {
  maxConnections: 1,
  unhurried: true,
});
const t = Date.now();
await generateRows(w, rows, new Date().toISOString(), () => {});
console.log('rows', Date.now() - t);
for (const { statement } of RECOMMENDED_INDEXES)
  await w.raw(statement.replace('INDEX CONCURRENTLY', 'INDEX IF NOT EXISTS'));
console.log('indexes', Date.now() - t);
await w.destroy();
