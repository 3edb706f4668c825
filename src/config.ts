import { z } from 'zod';
import type { DatabaseUrls } from './db/connect.ts';
import { databaseUrlProblem } from './db/database-url.ts';
import { isLoopback } from './units/input/hosts.ts';
import { isLocale, isTimeZone } from './units/input/locales.ts';
import {
  domains,
  emails,
  host,
  hosts,
  logLevel,
  mailSender,
  memoryBudget,
  redisUrl,
  secrets,
  webUrl,
  wholeNumber,
} from './units/input/setting-kinds.ts';
import { strayEnds, trimmed } from './units/stray-ends.ts';

const GOOGLE_AUTHORIZATION_URL = 'https://accounts.google.com/o/oauth2/v2/auth';
const GOOGLE_TOKEN_URL = 'https://oauth2.googleapis.com/token';
const GOOGLE_USERINFO_URL = 'https://openidconnect.googleapis.com/v1/userinfo';

/** Everything that is missing or wrong in the environment, a line each, not only the first. */
export class ConfigError extends Error {
  readonly problems: string[];
  readonly production: boolean;
  constructor(problems: string[], production: boolean) {
    const count = `${problems.length} ${problems.length === 1 ? 'problem' : 'problems'}`;
    super([`Configuration: ${count}`, ...problems].join('\n  '));
    this.problems = problems;
    this.production = production;
  }
}

const postgresUrl = z.string().superRefine((url, context) => {
  const message = databaseUrlProblem(url);
  if (message) context.addIssue({ code: 'custom', message });
});

/** Every setting, with what it takes and its default. README and .env.example describe them, and a test compares. */
const schema = z.object({
  NODE_ENV: z
    .enum(['development', 'test', 'production'], 'takes development, test or production')
    .default('development'),
  PORT: wholeNumber(0, 65535, 'a port number, 0 to 65535').default(3000),
  HOST: host.optional(),
  APP_URL: webUrl
    .transform((url) => new URL(url))
    .refine((url) => url.href === `${url.origin}/`, 'takes an origin without a path')
    .optional(),
  WORKFLOWS_DATABASE_URL: postgresUrl.optional(),
  BACKOFFICE_DATABASE_URL: postgresUrl.optional(),
  MYTHORIA_DATABASE_URL: postgresUrl.optional(),
  REDIS_URL: redisUrl.optional(),
  GOOGLE_CLIENT_ID: z.string().optional(),
  GOOGLE_CLIENT_SECRET: z.string().optional(),
  GOOGLE_AUTHORIZATION_URL: webUrl.optional(),
  GOOGLE_TOKEN_URL: webUrl.optional(),
  GOOGLE_USERINFO_URL: webUrl
    .refine((url) => new URL(url).pathname.endsWith('/userinfo'), 'takes a URL whose path ends in /userinfo')
    .optional(),
  ALLOWED_DOMAINS: domains.default(['mythoria.pt', 'caravanconcierge.com']),
  ADMIN_EMAILS: emails.default([]),
  SESSION_SECRET: secrets.optional(),
  AUDIT_DAYS: wholeNumber(1, 36_500, 'a number of days, 1 to 36500').default(730),
  TIME_ZONE: z.string().default('Europe/Lisbon').refine(isTimeZone, 'takes an IANA time zone such as Europe/Lisbon'),
  LOCALE: z.string().default('en-GB').refine(isLocale, 'takes a language tag such as en-GB or pt-PT'),
  KEEP_ALIVE_TIMEOUT: wholeNumber(1, 3600, 'a number of seconds, 1 to 3600').default(620),
  PROXIES: wholeNumber(0, 10, 'how many proxies stand in front, 0 to 10').default(0),
  SIGN_INS_PER_MINUTE: wholeNumber(0, 100_000, 'a number, 0 for no limit').default(20),
  API_PER_MINUTE: wholeNumber(0, 1_000_000, 'a number, 0 for no limit').default(600),
  MEMORY_BUDGET_MB: memoryBudget,
  METRICS_PORT: wholeNumber(1, 65535, 'a port number, 1 to 65535').optional(),
  DRAIN_SECONDS: wholeNumber(0, 7, 'a number of seconds, 0 to 7').optional(),
  JOBS: z.enum(['on', 'off'], 'takes on, or off where npm run jobs runs beside this').default('on'),
  SMTP_URL: z
    .url({ protocol: /^smtps?$/, error: 'takes an address such as smtps://user:password@smtp.example.com' })
    .optional(),
  MAIL_FROM: mailSender.optional(),
  WEBHOOK_ALLOWED_HOSTS: hosts.default([]),
  OPENAI_ADMIN_KEY: z.string().optional(),
  ANTHROPIC_ADMIN_KEY: z.string().optional(),
  LOG_LEVEL: logLevel.optional(),
  DATA_DIR: z.string().default('.data'),
});

export const SETTING_NAMES = Object.keys(schema.shape);

/** A Google client, real or the local stand-in; the three addresses are complete. */
export type GoogleClient = {
  clientId: string;
  clientSecret: string;
  authorizationUrl: string;
  tokenUrl: string;
  userinfoUrl: string;
};

export type Config = {
  production: boolean;
  port: number;
  host: string;
  /** Where people reach the app; every absolute URL is built from it, never from a request header. */
  appUrl: URL;
  /** null: the embedded databases with demo data. */
  databaseUrls: DatabaseUrls | null;
  /** A Redis or Valkey that counts for all processes; null: PostgreSQL does. */
  redisUrl: string | null;
  /** null: the local stand-in for Google. */
  google: GoogleClient | null;
  allowedDomains: string[];
  /** In lower case; empty: everybody who may enter is an admin. */
  adminEmails: string[];
  /** How long lines of the audit log are kept. */
  auditDays: number;
  /** Newest first; null outside production: made at start and kept in the data folder. */
  sessionSecrets: string[] | null;
  timeZone: string;
  locale: string;
  /** How long an idle connection stays open, in milliseconds: longer than the proxies in front keep theirs. */
  keepAliveMs: number;
  /** How many proxies stand in front, each of which says whom it asks for. */
  proxies: number;
  /** How often one address may sign in within a minute, and one person may ask the API; 0: as often as they like. */
  signInsPerMinute: number;
  apiPerMinute: number;
  /** How many bytes of what has been read are kept for the next who ask. */
  memoryBytes: number;
  /** Where Prometheus is answered; null: nowhere. */
  metricsPort: number | null;
  /** How long everything is still taken after SIGTERM, until a balancer has noticed. */
  drainSeconds: number;
  /** Whether this process does what is done by the clock. */
  jobs: boolean;
  /** How mail is sent; null: not at all. */
  mail: { smtpUrl: string; from: string } | null;
  /** Hosts, some with a port, that webhooks may lead to besides public ones. */
  webhookAllowedHosts: string[];
  /** With which providers are asked what they have billed; null: they are not. */
  adminKeys: { openai: string | null; anthropic: string | null };
  logLevel: string;
  dataDir: string;
  /** What looks like an accident and is none that stops the start, a line each. */
  doubts: string[];
};

type Settings = z.infer<typeof schema>;

const REQUIRED_IN_PRODUCTION = [
  'APP_URL',
  'WORKFLOWS_DATABASE_URL',
  'BACKOFFICE_DATABASE_URL',
  'GOOGLE_CLIENT_ID',
  'GOOGLE_CLIENT_SECRET',
  'SESSION_SECRET',
] as const;

const HTTPS_IN_PRODUCTION = ['APP_URL', 'GOOGLE_AUTHORIZATION_URL', 'GOOGLE_TOKEN_URL', 'GOOGLE_USERINFO_URL'] as const;

/** What each value alone cannot show: settings that need each other, and what production forbids. */
function problemsBetween(settings: Partial<Settings>, environment: NodeJS.ProcessEnv): string[] {
  const problems: string[] = [];
  if (Boolean(environment.SMTP_URL) !== Boolean(environment.MAIL_FROM)) {
    const missing = environment.SMTP_URL ? 'MAIL_FROM' : 'SMTP_URL';
    problems.push(`${missing} is missing: set both, or none to send no mail`);
  }
  const production = environment.NODE_ENV === 'production';
  if (production) {
    for (const name of REQUIRED_IN_PRODUCTION) if (!environment[name]) problems.push(`${name} is missing`);
    for (const name of HTTPS_IN_PRODUCTION) {
      const value = settings[name];
      if (value && new URL(value).protocol !== 'https:') problems.push(`${name} must be https in production`);
    }
  } else {
    if (Boolean(environment.WORKFLOWS_DATABASE_URL) !== Boolean(environment.BACKOFFICE_DATABASE_URL)) {
      const missing = environment.WORKFLOWS_DATABASE_URL ? 'BACKOFFICE_DATABASE_URL' : 'WORKFLOWS_DATABASE_URL';
      problems.push(`${missing} is missing: set both databases, or none to use the embedded ones`);
    }
    if (environment.MYTHORIA_DATABASE_URL && !environment.WORKFLOWS_DATABASE_URL) {
      problems.push('MYTHORIA_DATABASE_URL goes with WORKFLOWS_DATABASE_URL and BACKOFFICE_DATABASE_URL');
    }
    if (Boolean(environment.GOOGLE_CLIENT_ID) !== Boolean(environment.GOOGLE_CLIENT_SECRET)) {
      const missing = environment.GOOGLE_CLIENT_ID ? 'GOOGLE_CLIENT_SECRET' : 'GOOGLE_CLIENT_ID';
      problems.push(`${missing} is missing: set both, or none to use the stand-in for Google`);
    }
    // Through the stand-in anybody is anybody.
    if (environment.WORKFLOWS_DATABASE_URL && !environment.GOOGLE_CLIENT_ID && !environment.GOOGLE_CLIENT_SECRET) {
      const open = [settings.HOST ?? 'localhost', settings.APP_URL?.hostname ?? 'localhost'].some(
        (host) => !isLoopback(host),
      );
      if (open) {
        problems.push(
          'GOOGLE_CLIENT_ID is missing: without a Google client real databases are for this machine only, with HOST and APP_URL localhost',
        );
      }
    }
    if (settings.APP_URL?.protocol === 'http:' && !isLoopback(settings.APP_URL.hostname)) {
      problems.push(
        'APP_URL must be https unless its host is this machine, such as localhost: nobody could sign in there, for Google takes no such address and a session would travel in the open',
      );
    }
  }
  return problems;
}

/** Admins who may not enter: a slip of the pen, or somebody of a domain that was taken off. */
const idleAdmins = ({ ADMIN_EMAILS: emails, ALLOWED_DOMAINS: domains }: Settings): string[] =>
  emails
    .filter((email) => !domains.includes(email.slice(email.indexOf('@') + 1)))
    .map((email) => `ADMIN_EMAILS names ${email}, whose domain is none of ALLOWED_DOMAINS: nobody enters with it`);

function databaseUrls(settings: Settings): DatabaseUrls | null {
  const { WORKFLOWS_DATABASE_URL: workflows, BACKOFFICE_DATABASE_URL: backoffice } = settings;
  if (!workflows || !backoffice) return null;
  return { workflows, backoffice, mythoria: settings.MYTHORIA_DATABASE_URL ?? null };
}

function googleClient(settings: Settings): GoogleClient | null {
  const { GOOGLE_CLIENT_ID: clientId, GOOGLE_CLIENT_SECRET: clientSecret } = settings;
  if (!clientId || !clientSecret) return null;
  return {
    clientId,
    clientSecret,
    authorizationUrl: settings.GOOGLE_AUTHORIZATION_URL ?? GOOGLE_AUTHORIZATION_URL,
    tokenUrl: settings.GOOGLE_TOKEN_URL ?? GOOGLE_TOKEN_URL,
    userinfoUrl: settings.GOOGLE_USERINFO_URL ?? GOOGLE_USERINFO_URL,
  };
}

/**
 * The configuration from environment variables, without the space around their values; an empty one counts as absent.
 * @throws ConfigError with every problem at once
 */
export function readConfig(variables: NodeJS.ProcessEnv): Config {
  const environment = Object.fromEntries(
    SETTING_NAMES.flatMap((name) => {
      const value = trimmed(variables[name]);
      return value === '' ? [] : [[name, value]];
    }),
  );
  const parsed = schema.safeParse(environment);
  const problems = parsed.success
    ? []
    : parsed.error.issues.map((issue) => `${issue.path[0]?.toString()} ${issue.message}`);
  const settings = parsed.success ? parsed.data : partlyParsed(environment);
  problems.push(...problemsBetween(settings, environment));
  const production = environment.NODE_ENV === 'production';
  if (problems.length > 0 || !parsed.success) throw new ConfigError(problems, production);

  const { data } = parsed;
  return {
    production,
    port: data.PORT,
    // The stand-in for Google lets anyone in who reaches it, so outside production only this machine does.
    host: data.HOST ?? (production ? '0.0.0.0' : 'localhost'),
    appUrl: data.APP_URL ?? new URL(`http://localhost:${data.PORT}`),
    databaseUrls: databaseUrls(data),
    redisUrl: data.REDIS_URL ?? null,
    google: googleClient(data),
    ...{ allowedDomains: data.ALLOWED_DOMAINS, adminEmails: data.ADMIN_EMAILS },
    auditDays: data.AUDIT_DAYS,
    sessionSecrets: data.SESSION_SECRET ?? null,
    ...{ timeZone: data.TIME_ZONE, locale: data.LOCALE },
    ...{ keepAliveMs: data.KEEP_ALIVE_TIMEOUT * 1000, proxies: data.PROXIES },
    ...{ signInsPerMinute: data.SIGN_INS_PER_MINUTE, apiPerMinute: data.API_PER_MINUTE },
    memoryBytes: data.MEMORY_BUDGET_MB * 2 ** 20,
    metricsPort: data.METRICS_PORT ?? null,
    drainSeconds: data.DRAIN_SECONDS ?? (production ? 5 : 0),
    jobs: data.JOBS === 'on',
    mail: data.SMTP_URL && data.MAIL_FROM ? { smtpUrl: data.SMTP_URL, from: data.MAIL_FROM } : null,
    webhookAllowedHosts: data.WEBHOOK_ALLOWED_HOSTS,
    adminKeys: { openai: data.OPENAI_ADMIN_KEY ?? null, anthropic: data.ANTHROPIC_ADMIN_KEY ?? null },
    logLevel: data.LOG_LEVEL ?? (production ? 'info' : 'warn'),
    dataDir: data.DATA_DIR,
    doubts: [...SETTING_NAMES.flatMap((name) => strayEnds(name, variables[name])), ...idleAdmins(data)],
  };
}

/** The settings that are right by themselves, so that one bad value does not hide another problem. */
function partlyParsed(environment: NodeJS.ProcessEnv): Partial<Settings> {
  return Object.fromEntries(
    Object.entries(schema.shape).flatMap(([name, setting]) => {
      const result = setting.safeParse(environment[name]);
      return result.success ? [[name, result.data]] : [];
    }),
  );
}

/** The configuration of this process: its environment over a `.env` file, where there is one. */
export function loadConfig(): Config {
  // An empty variable would hide what the file says.
  for (const name of SETTING_NAMES) if (trimmed(process.env[name]) === '') delete process.env[name];
  try {
    process.loadEnvFile();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
  return readConfig(process.env);
}
