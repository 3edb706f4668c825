import { randomUUID } from 'node:crypto';
import type { Knex } from 'knex';
import type { Logger } from 'pino';
import { type Telling, tellDigests } from '../account/digest/tell.ts';
import { openAlertWords } from '../alerts/open-alerts.ts';
import { type Evaluating, evaluateRules, evaluationWork } from '../alerts/round/round.ts';
import { messageWords } from '../alerts/round/wording.ts';
import { forgetAlerts } from '../alerts/store/forget.ts';
import { isAllowed } from '../auth/person.ts';
import { deleteExpiredSessions } from '../auth/session-store.ts';
import { forgetTokens } from '../auth/tokens/store.ts';
import { chainAuditLog } from '../db/audit/chain.ts';
import { forgetAuditLog } from '../db/audit/forget.ts';
import type { Databases } from '../db/connect.ts';
import { takeLease } from '../db/lease.ts';
import { deliver, forgetDeliveries } from '../delivery/deliver.ts';
import { createSend, type Send, type SendingSettings } from '../delivery/send.ts';
import { lookForFindings } from '../findings/look.ts';
import { deleteLostPlaces } from '../limits/places.ts';
import { deleteOldCounts } from '../limits/rate-limit.ts';
import { keepDayTokens } from '../stats/pricing/keep-day-tokens.ts';
import type { UsageReader } from '../stats/reader.ts';
import { type KeepOptions, type KeptDatabases, rollupWork, TICK_MS } from '../stats/rollups/keep/keep.ts';
import type { Origin } from '../stats/rollups/keep/origin.ts';
import { keepSystem, type OwnProcess } from '../system/keep.ts';
import { loggable } from '../units/failures/loggable.ts';
import { createOutages, type Outages } from '../units/failures/outages.ts';
import type { Format } from '../units/format.ts';
import { now } from '../units/time.ts';
import type { Job } from './jobs.ts';

const A_MINUTE_MS = 60_000;

/** What a failure is logged as; that a database does not answer is said once, when it begins. */
const logged = (log: Logger, outages: Outages, message: string) => (error: unknown) => {
  if (!outages.met(error)) log.error({ error: loggable(error) }, message);
};

export function rollupsJob(databases: KeptDatabases, timeZone: string, log: Logger, options: KeepOptions): Job {
  return {
    name: 'rollups',
    does: 'Makes the last 26 hours right and compares the next of older ones, every five seconds or as often as that costs a fiftieth of the source’s time; covers new hours and gathers names.',
    everyMs: options.everyMs ?? TICK_MS,
    atOnce: true,
    run: rollupWork(databases, timeZone, log, options),
    onError: logged(log, options.outages, 'rollups: tick failed'),
  };
}

/** For as long as some days take on a source that is slow. */
const PRICING_LEASE_SECONDS = 120;

function pricingJob(databases: Databases, log: Logger, outages: Outages): Job {
  const holder = randomUUID();
  const { backoffice } = databases;
  return {
    name: 're-pricing',
    does: 'Keeps the tokens of every call of complete days, once there is a price, so that what a changed price makes of them is known at once.',
    everyMs: 15_000,
    atOnce: true,
    run: (isStopping) =>
      keepDayTokens(
        databases,
        async () => !isStopping() && takeLease(backoffice, 're-pricing', holder, PRICING_LEASE_SECONDS),
      ),
    onError: logged(log, outages, 're-pricing: days are added up from the records themselves'),
  };
}

/** For as long as a day takes on a source that is slow. */
const LOOKING_LEASE_SECONDS = 120;

function findingsJob(databases: Databases, log: Logger, outages: Outages): Job {
  const holder = randomUUID();
  return {
    name: 'findings',
    does: 'Looks through the calls of complete days for what only they tell of /findings: tokens that cannot be, the same prompt again, stories and authors that are gone.',
    everyMs: A_MINUTE_MS,
    atOnce: true,
    run: (isStopping) =>
      lookForFindings(
        databases,
        async () => !isStopping() && takeLease(databases.backoffice, 'findings', holder, LOOKING_LEASE_SECONDS),
      ),
    onError: logged(log, outages, 'findings: a look broke off'),
  };
}

/** They hold addresses and browsers; a process that is replaced every hour would never come to it, so the first time is at once. */
function sessionsJob(sessions: Knex, log: Logger, outages: Outages): Job {
  return {
    name: 'sessions',
    does: 'Deletes the sessions that have expired, and tokens that ended ninety days ago.',
    everyMs: 60 * A_MINUTE_MS,
    atOnce: true,
    run: async () => {
      await deleteExpiredSessions(sessions);
      await forgetTokens(sessions);
    },
    onError: logged(log, outages, 'expired sessions stay'),
  };
}

/** They hold addresses. */
function limitsJob(backoffice: Knex, log: Logger, outages: Outages): Job {
  return {
    name: 'limits',
    does: 'Deletes the counts of minutes that are over, and the places of exports whose process was killed.',
    everyMs: 5 * A_MINUTE_MS,
    atOnce: true,
    run: async () => {
      await deleteOldCounts(backoffice);
      await deleteLostPlaces(backoffice);
    },
    onError: logged(log, outages, 'old counts and places stay'),
  };
}

/** Whoever waits for an alert does not notice; a look into an empty outbox is one step of an index. */
function deliveryJob(backoffice: Knex, send: Send, log: Logger, outages: Outages): Job {
  return {
    name: 'delivery',
    does: 'Sends what is in the outbox to its channels.',
    everyMs: 5_000,
    atOnce: true,
    run: (isStopping) => deliver(backoffice, send, { isStopping }),
    onError: logged(log, outages, 'delivery: the outbox was left'),
  };
}

function digestsJob(telling: Telling, log: Logger, outages: Outages): Job {
  return {
    name: 'digests',
    does: 'Puts the digests that people have chosen into the outbox, at eight in the morning.',
    everyMs: A_MINUTE_MS,
    atOnce: true,
    run: () => tellDigests(telling),
    onError: logged(log, outages, 'digests were not told'),
  };
}

function oldDeliveriesJob(backoffice: Knex, log: Logger, outages: Outages): Job {
  return {
    name: 'old deliveries',
    does: 'Deletes what was sent or given up ninety days ago.',
    everyMs: 60 * A_MINUTE_MS,
    atOnce: true,
    run: () => forgetDeliveries(backoffice),
    onError: logged(log, outages, 'old deliveries stay'),
  };
}

/** More often than once a minute: what the running minute shows is told within seconds. */
function evaluationJob(evaluating: Evaluating, once: boolean, log: Logger, outages: Outages): Job {
  return {
    name: 'evaluation',
    does: 'Evaluates the rules of alerts, and puts what they tell into the outbox.',
    everyMs: 15_000,
    atOnce: true,
    run: once
      ? (isStopping) => evaluateRules(evaluating, now(), { looksBack: true, isStopping })
      : evaluationWork(evaluating),
    onError: logged(log, outages, 'alerts: rules were not evaluated'),
  };
}

function oldAlertsJob(backoffice: Knex, log: Logger, outages: Outages): Job {
  return {
    name: 'old alerts',
    does: 'Deletes alerts that ended two years ago.',
    everyMs: 60 * A_MINUTE_MS,
    atOnce: true,
    run: () => forgetAlerts(backoffice),
    onError: logged(log, outages, 'old alerts stay'),
  };
}

/** Not when a line is written: nobody who opens a prompt waits for whoever opens another. */
function auditChainJob(backoffice: Knex, log: Logger, outages: Outages): Job {
  return {
    name: 'audit chain',
    does: 'Chains each new line of the audit log to the one before it.',
    everyMs: 10_000,
    atOnce: true,
    run: async (isStopping) => {
      await chainAuditLog(backoffice, () => !isStopping());
    },
    onError: logged(log, outages, 'lines of the audit log are not chained'),
  };
}

function oldAuditLinesJob(backoffice: Knex, days: number, log: Logger, outages: Outages): Job {
  return {
    name: 'old audit lines',
    does: 'Deletes lines of the audit log that are older than AUDIT_DAYS.',
    everyMs: 60 * A_MINUTE_MS,
    atOnce: true,
    run: async () => {
      await forgetAuditLog(backoffice, days);
    },
    onError: logged(log, outages, 'old lines of the audit log stay'),
  };
}

/** Of each process for itself, with jobs or without. */
export function systemJob(backoffice: Knex, own: OwnProcess, log: Logger): Job {
  return {
    name: 'system',
    does: 'Writes down how this process is and what it has measured.',
    everyMs: A_MINUTE_MS,
    atOnce: true,
    run: () => keepSystem(backoffice, own),
    onError: logged(log, createOutages(log), 'what was measured is not written down'),
  };
}

export function demoJob(grow: () => Promise<void>, log: Logger): Job {
  return {
    name: 'demo',
    does: 'Adds to the demo what has happened since its last run.',
    everyMs: A_MINUTE_MS,
    atOnce: false,
    run: grow,
    onError: (error) => log.error({ error: loggable(error) }, 'the demo has no new records'),
  };
}

/** What jobs work with. */
export type JobSources = {
  /** How messages are written; its time zone is the business one. */
  format: Format;
  databases: Databases;
  reader: UsageReader;
  origin: Origin;
  sending: SendingSettings;
  /** Of the addresses that may enter. */
  allowedDomains: string[];
  /** How long lines of the audit log are kept. */
  auditDays: number;
  log: Logger;
  /** Whether other processes may do the same beside this one; the embedded databases are one session each. */
  replicas: boolean;
  /** Whether each runs once, to its end, whoever else is at it. */
  once: boolean;
};

/** Everything that is done by the clock, in an order in which one run of each leaves nothing that is due. */
export function everyJob({
  format,
  databases,
  reader,
  origin,
  sending,
  allowedDomains,
  auditDays,
  log,
  replicas,
  once,
}: JobSources): Job[] {
  const { timeZone } = format;
  const { appUrl } = sending;
  const mayEnter = (email: string) => isAllowed(email, allowedDomains);
  const telling = {
    ...{ databases, reader, timeZone, format, appUrl, mayEnter },
    openAlerts: () => openAlertWords(databases.backoffice, format),
  };
  const outages = createOutages(log);
  const words = messageWords({ format, appUrl });
  const mailsTo = (email: string) => sending.mail !== null && mayEnter(email);
  return [
    rollupsJob(databases, timeZone, log, { replicas, sharesTicks: replicas && !once, outages, origin }),
    evaluationJob({ databases, reader, timeZone, words, mailsTo }, once, log, outages),
    digestsJob(telling, log, outages),
    deliveryJob(databases.backoffice, createSend(sending), log, outages),
    oldDeliveriesJob(databases.backoffice, log, outages),
    oldAlertsJob(databases.backoffice, log, outages),
    sessionsJob(databases.sessions, log, outages),
    auditChainJob(databases.backoffice, log, outages),
    oldAuditLinesJob(databases.backoffice, auditDays, log, outages),
    limitsJob(databases.backoffice, log, outages),
    pricingJob(databases, log, outages),
    findingsJob(databases, log, outages),
  ];
}
