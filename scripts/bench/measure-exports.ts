import { Agent } from 'node:http';
import { EXTENSIONS } from '../../src/export/formats.ts';
import { beginOfNewest, copyToStdout, downloadExport } from './exports.ts';
import { signIn } from './http.ts';
import { line, ms, quantile } from './print.ts';
import { ask, type Served } from './served.ts';

const EXPORTED_ROWS = 1_000_000;

type Round = { rate: number; copyRate: number; ratio: number; firstMs: number; bytes: number; memory: number };

/** A million records as files, against what PostgreSQL itself needs to hand them out. */
export async function measureExports({ child, origin, url: urlOfDatabase }: Served): Promise<void> {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const cookie = await signIn(agent, origin);
  const from = await beginOfNewest(urlOfDatabase, EXPORTED_ROWS);
  console.log('\nExports, beside COPY (…) TO STDOUT through psql: the median of three of each, in turn\n');
  line(['format', 'rows a second', 'COPY', 'of COPY', 'first byte ms', 'MB', 'memory above idle MB']);
  line(['---', '---:', '---:', '---:', '---:', '---:', '---:']);
  for (const extension of EXTENSIONS) {
    const url = `${origin}/ai-usage/records.${extension}?from=${from}`;
    const rounds: Round[] = [];
    for (let i = 0; i < 3; i++) {
      const copied = await copyToStdout(urlOfDatabase, from);
      const { nowMb = Number.NaN } = await ask(child, 'resident');
      const exported = await downloadExport(agent, url, cookie);
      const { peakMb = Number.NaN } = await ask(child, 'resident');
      const rate = (1000 * exported.rows) / exported.ms;
      const copyRate = (1000 * copied.rows) / copied.ms;
      const { firstMs, bytes } = exported;
      rounds.push({ firstMs, bytes, rate, copyRate, ratio: rate / copyRate, memory: peakMb - nowMb });
    }
    const median = (key: keyof Round) =>
      quantile(
        rounds.map((round) => round[key]),
        0.5,
      );
    line([
      extension,
      perSecond(median('rate')),
      perSecond(median('copyRate')),
      median('ratio').toFixed(2),
      ms(median('firstMs')),
      (median('bytes') / 1e6).toFixed(0),
      Math.max(...rounds.map(({ memory }) => memory)),
    ]);
  }
  agent.destroy();
}

const perSecond = (rate: number) => Math.round(rate).toLocaleString('en');
