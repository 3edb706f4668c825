import { existsSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import type { Config } from '../../src/config.ts';
import { mailProblem } from '../../src/delivery/email.ts';
import { NO_MAIL } from '../../src/delivery/send.ts';
import { openRedis } from '../../src/limits/redis.ts';
import type { Finding } from '../../src/system/checks.ts';
import { roomOf } from '../../src/system/disk.ts';
import { reasonOf } from '../../src/units/failures/reason.ts';
import { googleProblems } from './google.ts';

/** Of what the program needs besides its databases. */
type AroundCheck = (config: Config) => Promise<Finding[]>;

const wrong = (text: string): Finding => ({ level: 'wrong', text });
const note = (text: string): Finding => ({ level: 'note', text });
const ok = (text: string): Finding => ({ level: 'ok', text });

/** In this order. A new check is an entry here. */
export const AROUND: AroundCheck[] = [
  async function ofGoogle({ google, appUrl }) {
    if (google === null) return [note('no Google client is configured: whoever reaches this address may enter')];
    const problems = await googleProblems(google, appUrl);
    return problems.length === 0 ? [ok('Google knows the client and its redirect URI')] : problems.map(wrong);
  },
  async function ofMail({ mail }) {
    if (mail === null) return [note(NO_MAIL)];
    const problem = await mailProblem(mail.smtpUrl);
    if (problem === null) return [ok('the mail server of SMTP_URL lets us in; no mail was sent')];
    return [wrong(`${problem}: correct SMTP_URL, or let connections out to ${new URL(mail.smtpUrl).host}`)];
  },
  async function ofRedis({ redisUrl }) {
    if (redisUrl === null) return [];
    const redis = await openRedis(redisUrl, { met: () => {}, over: () => {} });
    try {
      // What counting needs: a script that writes, which a full Redis and a user who may only read refuse.
      await redis.run("return redis.call('SET', KEYS[1], '1', 'PX', 1000)", ['mythoria-admin:doctor'], []);
      return [ok('Redis takes what is counted there')];
    } catch (error) {
      const takes = 'start it, give it room, or correct REDIS_URL; until then PostgreSQL counts';
      return [wrong(`Redis does not take what is counted there (${reasonOf(error)}): ${takes}`)];
    } finally {
      redis.close();
    }
  },
  async function ofDataFolder({ databaseUrls, sessionSecrets, dataDir }) {
    if (databaseUrls !== null && sessionSecrets !== null) return [ok('nothing is kept on a disk of this machine')];
    const room = await roomOf(beginningThatExists(dataDir));
    if (room === null) return [note(`how much room DATA_DIR (${dataDir}) has cannot be seen`)];
    if (room.enough) return [ok(`${room.text} for DATA_DIR (${dataDir})`)];
    return [wrong(`only ${room.text} for DATA_DIR (${dataDir}): make room there, or set another`)];
  },
];

/** The folder, or the one that it will be made in. */
function beginningThatExists(folder: string): string {
  let path = resolve(folder);
  while (!existsSync(path)) path = dirname(path);
  return path;
}
