import { type Config, ConfigError, loadConfig } from '../src/config.ts';
import { closeDatabases, type Databases, openDatabases, openEmbeddedDatabases } from '../src/db/connect.ts';
import { runningEmbedded, startEmbedded } from '../src/db/embedded.ts';

/**
 * Runs a command on the configured databases, or on the embedded ones: those of a running server where there is one.
 * Prints an error as one line (or the list of what is wrong with the configuration) and sets the exit code.
 */
export async function withDatabases(work: (databases: Databases, config: Config) => Promise<void>): Promise<void> {
  try {
    const config = loadConfig();
    const running = config.databaseUrls ? null : await runningEmbedded(config.dataDir);
    const embedded = config.databaseUrls || running ? null : await startEmbedded(config.dataDir, console.log);
    const urls = running ?? embedded?.urls;
    const databases = config.databaseUrls ? openDatabases(config.databaseUrls) : urls && openEmbeddedDatabases(urls);
    if (!databases) throw new Error('no databases');
    try {
      await work(databases, config);
    } finally {
      await closeDatabases(databases);
      await embedded?.stop();
    }
  } catch (error) {
    const lines = error instanceof ConfigError ? [error.message, ...error.problems] : [(error as Error).message];
    console.error(lines.join('\n  '));
    process.exitCode = 1;
  }
}
