import { Gauge } from 'prom-client';
import { named } from './account.ts';
import type { Metrics } from './metrics.ts';

type Measured = { labels?: Record<string, string>; value: number };

/** A figure that is looked up when somebody asks for it. */
export type StateMetric<Sources> = {
  name: string;
  help: string;
  labelNames: string[];
  /** Nothing where there is none. What it throws leaves the metric out, and the others stay. */
  read: (sources: Sources) => Promise<Measured[]>;
};

export function watchState<Sources>(
  entries: readonly StateMetric<Sources>[],
  sources: Sources,
  metrics: Metrics,
): void {
  for (const { name, help, labelNames, read } of entries) {
    new Gauge({
      ...{ name, help, labelNames },
      registers: [metrics.registry],
      async collect() {
        this.reset();
        // A metric without labels begins at 0, which nobody has measured.
        if (labelNames.length === 0) this.remove();
        const found = await named('metrics', () => read(sources)).catch(() => []);
        for (const { labels = {}, value } of found) this.set(labels, value);
      },
    });
  }
}
