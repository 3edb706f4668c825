import { type Config, loadConfig } from '../src/config.ts';
import { closeDatabases, type Databases, openDatabases, openEmbeddedDatabases } from '../src/db/connect.ts';
import { runningEmbedded, startEmbedded } from '../src/db/embedded/embedded.ts';
import { sayProgress } from './progress-bar.ts';

/** Works on the configured databases, or on the embedded ones: those of a running server where there is one. */
export async function withDatabases<T>(work: (databases: Databases, config: Config) => Promise<T>): Promise<T> {
  const config = loadConfig();
  if (config.databaseUrls) return closingAfter(openDatabases(config.databaseUrls), config, work);
  const running = await runningEmbedded(config.dataDir);
  if (running) return closingAfter(openEmbeddedDatabases(running), config, work);
  const embedded = await startEmbedded(config.dataDir, sayProgress);
  try {
    return await closingAfter(openEmbeddedDatabases(embedded.urls), config, work);
  } finally {
    await embedded.stop();
  }
}

async function closingAfter<T>(
  databases: Databases,
  config: Config,
  work: (databases: Databases, config: Config) => Promise<T>,
): Promise<T> {
  try {
    return await work(databases, config);
  } finally {
    await closeDatabases(databases);
  }
}
