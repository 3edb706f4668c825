import type { DeliveryLine } from '../../delivery/outbox.ts';
import { NO_MAIL } from '../../delivery/send.ts';
import { wholeHoursSince } from '../../stats/rollups/segments.ts';
import type { LevelBar } from '../../tables/level-bar.ts';
import type { Table } from '../../tables/table.ts';
import type { Tile } from '../../tables/tiles.ts';
import type { Format } from '../../units/format.ts';
import type { Instant } from '../../units/time.ts';
import { LATE_DAYS } from '../evaluation/late.ts';
import { alertsPath, alertsTable } from '../frame/alerts-table.ts';
import { levelBar } from '../frame/level-bar.ts';
import type { RuleLine } from '../frame/rule-lines.ts';
import { stripOf } from '../frame/strip.ts';
import { LEVEL_WORDS } from '../frame/words.ts';
import { type RuleTypeName, ruleTypeOf } from '../rules/registry.ts';
import { levelAt, measuredOf, valueText } from '../rules/words.ts';
import { RULES_PATH } from '../sources.ts';
import type { SomeAlerts } from '../store/alerts.ts';
import type { Rule } from '../store/rules.ts';

/** What the page of a rule says besides its form, its rehearsal and its alerts. */
export function rulePage(line: RuleLine, toldOf: string | null, at: Instant, format: Format) {
  const { rule, sight, sentence, calls, filter, cost } = line;
  const measured = measuredOf(rule);
  const say = (value: number | null) => (value === null ? '–' : valueText(value, measured, format));
  const value = sight?.value ?? null;
  const { level, at: levelValue } = levelAt(rule, value);
  const { label } = ruleTypeOf(rule.type);
  const tiles: Tile[] = [
    { label: 'State', text: sight?.state ?? 'no data', ...noteOf(line) },
    { label: 'Value', text: say(value) },
    ...(levelValue === null ? [] : [{ label: 'Level', text: say(levelValue), note: LEVEL_WORDS[level] }]),
    {
      label: 'Last checked',
      text: sight?.evaluatedAt ? format.timeOfDay(sight.evaluatedAt) : 'not yet',
      ...(sight?.evaluatedAt ? { note: format.minute(sight.evaluatedAt) } : {}),
    },
    ...(sight?.tookMs == null ? [] : [{ label: 'Took', text: `${format.integer(Math.ceil(sight.tookMs))} ms` }]),
  ];
  const bar: LevelBar | null = levelBar(value, levelValue, level, measured, format);
  const path = `${RULES_PATH}/${rule.id}`;
  const view = new URLSearchParams(filter);
  if (cost === 'repriced') view.set('cost', cost);
  const search = view.size === 0 ? '' : `?${view}`;
  return {
    ...{ name: rule.name, type: label, owner: rule.owner, muted: rule.muted, calls, tiles, bar },
    sentence: `Tells when ${sentence}.`,
    overview: `/ai-usage${search}`,
    records: `/ai-usage/records${search}`,
    strip: sight && stripOf(sight, at, format),
    error:
      sight?.error &&
      `It cannot be checked since ${format.minute(sight.error.since)}: ${sight.error.reason}. ${toldOf ?? ''}`.trim(),
    late: lateText(rule.type, format.timeZone),
    mute: `${path}/mute`,
    remove: `${path}/delete`,
  };
}

/** Why nobody is told of what it finds, where that is so. */
function noteOf({ rule, tellsNobody }: RuleLine): Pick<Tile, 'note'> {
  if (rule.muted) return { note: 'muted: nobody is told' };
  if (!tellsNobody) return {};
  return {
    note: rule.channels.length === 0 ? 'tells nobody: it has no channel' : 'tells nobody: its channels were deleted',
  };
}

/** Who was told that a rule cannot be evaluated, since it cannot; `mails`: whether mail can be sent. */
export function toldOfText({ rule, tellsNobody }: RuleLine, sent: DeliveryLine[], mails: boolean): string {
  if (sent.length > 0) return `Told: ${sent.map(({ channel, state }) => `${channel.name} (${state})`).join(', ')}.`;
  if (rule.muted) return 'Nobody was told, for it is muted.';
  if (tellsNobody && !mails) return `Nobody was told, for it has no channel. ${NO_MAIL}.`;
  return 'Nobody was told.';
}

/** What becomes of calls that come late, or are dated back. */
function lateText(type: RuleTypeName, timeZone: string): string {
  const { neverLate } = ruleTypeOf(type);
  if (neverLate !== undefined) return neverLate;
  const which =
    wholeHoursSince(timeZone) === null
      ? 'the window before the running one'
      : `any window that ended within the last ${LATE_DAYS} days`;
  return `Where calls come late, or are dated back, ${which} may fire once more, marked late; one that had fired only where it reaches a further level.`;
}

/** Of those that are open, and of those that have ended: what a page lists. */
export const MOST_ALERTS = 200;

/** The alerts of a rule, open ones first, and where the others are. Null where it has none. */
export function ruleAlerts(
  rule: Rule,
  open: SomeAlerts,
  ended: SomeAlerts,
  format: Format,
): { table: Table; more: { text: string; href: string } | null } | null {
  const alerts = [...open.alerts, ...ended.alerts].map((alert) => ({ alert, rule }));
  if (alerts.length === 0) return null;
  const more = open.more + ended.more;
  const last = ended.alerts.at(-1);
  const href = alertsPath({ rule: rule.id, ...(open.more === 0 && last ? { after: last.id } : {}) });
  const text = `${format.integer(more)} more`;
  return { table: alertsTable('Its alerts', alerts, format), more: more === 0 ? null : { text, href } };
}
