import type { Databases } from '../db/connect.ts';
import type { SendingSettings } from '../delivery/send.ts';
import type { UsageReader } from '../stats/reader.ts';
import type { Format } from '../units/format.ts';

/** What rules and alerts are read from and written with. */
export type AlertSources = {
  databases: Databases;
  reader: UsageReader;
  format: Format;
  sending: Pick<SendingSettings, 'appUrl' | 'mail'>;
};

export const RULES_PATH = '/alerts/rules';
