import type { DeliveryLine, DeliveryState } from '../../delivery/outbox.ts';
import { leftOutText } from '../../stats/pricing/left-out.ts';
import { type Column, dataTable, type Table } from '../../tables/table.ts';
import type { Tile } from '../../tables/tiles.ts';
import type { Format } from '../../units/format.ts';
import { shiftInstant } from '../../units/local-time.ts';
import {
  addDays,
  addTime,
  dayOf,
  earliest,
  HOUR,
  type Instant,
  isoFromInstant,
  offsetAt,
  parseInstant,
  startOfDay,
} from '../../units/time.ts';
import { CHANNELS_PATH } from '../channels/channel-words.ts';
import { alertName, answersText, type RuledAlert } from '../frame/alerts-table.ts';
import { levelBar } from '../frame/level-bar.ts';
import { ALERTS_PATH, againstText, LEVEL_WORDS } from '../frame/words.ts';
import { rowsQuery } from '../round/wording.ts';
import type { Measured } from '../rules/rule-type.ts';
import { levelAt, measuredOf, valueText } from '../rules/words.ts';
import { RULES_PATH } from '../sources.ts';
import { type AlertLine, type EventKind, MOST_LINES } from '../store/alerts.ts';
import type { Recount } from './recount.ts';

/** What an alert is, how much and since when: what its page says first. */
export function alertPage(one: RuledAlert, isRuleThere: boolean, sentence: string, at: Instant, format: Format) {
  const { alert, rule } = one;
  const measured = measuredOf(alert.asked);
  const say = (value: number) => valueText(value, measured, format);
  const { window, until, usual } = alert;
  // What the running minute shows is as of its end.
  const since = earliest(alert.since, at);
  const now = levelAt(alert.asked, alert.value, alert.levelValue);
  const worst = levelAt(alert.asked, alert.worst, alert.levelValue);
  const end = until ?? at;
  const tiles: Tile[] = [
    { label: alert.state === 'resolved' ? 'When it was last told of' : 'Value now', text: say(alert.value) },
    { label: 'At worst', text: say(alert.worst) },
    ...(now.at === null ? [] : [{ label: 'Level', text: say(now.at), note: LEVEL_WORDS[alert.level] }]),
    ...(usual === null ? [] : [{ label: 'Usually', text: say(usual) }]),
    { label: 'Since', text: format.minute(since), ...(end > since ? { note: format.duration(end - since) } : {}) },
    ...(until === null ? [] : [{ label: 'Until', text: format.minute(until) }]),
  ];
  const rows = rowsQuery(alert, at);
  const path = `${ALERTS_PATH}/${alert.id}`;
  return {
    ...{ name: alertName(one), level: LEVEL_WORDS[alert.level], state: alert.state, late: alert.late, tiles },
    fact: `${say(alert.worst)} from ${format.minute(window.from)} to ${format.minute(window.to)}${againstIn({ limit: worst.at, usual }, measured, format)}.`,
    leftOut: alert.unpriced && leftOutText(alert.unpriced, format),
    rule: {
      name: rule.name,
      href: isRuleThere ? `${RULES_PATH}/${rule.id}` : null,
      sentence: `Tells when ${sentence}.`,
    },
    overview: `/ai-usage?${rows}`,
    records: `/ai-usage/records?${rows}`,
    bar: levelBar(alert.worst, worst.at, worst.level, measured, format),
    answers: answersText(alert, format),
    actions: {
      acknowledge: `${path}/acknowledge`,
      snooze: alert.state === 'resolved' ? null : { action: `${path}/snooze`, choices: snoozeChoices(at, format) },
      feedback: alert.asked.type === 'unusual' ? { action: `${path}/feedback`, current: alert.feedback } : null,
      mute: isRuleThere ? { action: `${path}/mute`, muted: rule.muted } : null,
    },
    zone: format.zone(at),
  };
}

function againstIn(it: Parameters<typeof againstText>[0], measured: Measured, format: Format): string {
  const against = againstText(it, measured, format);
  return against === '' ? '' : `: ${against}`;
}

function snoozeChoices(at: Instant, format: Format): { value: string; label: string }[] {
  const { timeZone } = format;
  const midnight = startOfDay(addDays(dayOf(at, timeZone), 1), timeZone);
  const nineHours = addTime(midnight, 9n * HOUR);
  // Where clocks change in the night, nine is not nine hours after midnight.
  const nine = addTime(nineHours, offsetAt(midnight, timeZone) - offsetAt(nineHours, timeZone));
  const choices: [string, Instant][] = [
    ['for an hour', addTime(at, HOUR)],
    ['for four hours', addTime(at, 4n * HOUR)],
    ['until tomorrow at nine', nine],
    ['for a week', shiftInstant(at, { days: 7 }, timeZone)],
  ];
  return choices.map(([label, until]) => ({ label, value: isoFromInstant(until) }));
}

/** What is said where windows come to something else now. */
export function recountsText(
  recounts: Recount[],
  { measured, isRepriced }: { measured: Measured; isRepriced: boolean },
  format: Format,
): string | null {
  if (recounts.length === 0) return null;
  const said = recounts.map(
    ({ at, then, now }) =>
      `its window up to ${format.minute(at)} comes to ${valueText(now, measured, format)}, and came to ` +
      `${valueText(then, measured, format)} then`,
  );
  return `Its numbers have changed since: counted now, ${said.join('; ')}. Calls of before were deleted, or written later${isRepriced ? ', or prices were changed' : ''}.`;
}

const HAPPENED: Record<EventKind, string> = {
  fired: 'Fired',
  rose: 'Rose',
  resolved: 'Resolved',
  late: 'Fired late: calls of a window that was over came in',
  reminded: 'Told again',
  acknowledged: 'Acknowledged',
  snoozed: 'Snoozed',
  feedback: 'Called',
  muted: 'Muted',
  ended: 'Ended',
};

/** What happened to an alert and who did what about it, oldest first. Null where nothing is written down. */
export function historyTable(lines: AlertLine[], measured: Measured, format: Format): Table | null {
  if (lines.length === 0) return null;
  const columns: Column<AlertLine>[] = [
    { name: 'at', label: 'When', kind: 'instant', value: ({ at }) => at },
    {
      ...{ name: 'what', label: 'What', kind: 'text', leads: true, value: ({ kind }) => HAPPENED[kind] },
      cell: ({ level, kind }) => (level && kind !== 'resolved' ? { flag: LEVEL_WORDS[level] } : {}),
    },
    {
      ...{ name: 'value', label: 'Value', kind: 'text' },
      value: ({ value }) => (value === null ? '' : valueText(value, measured, format)),
    },
    { name: 'by', label: 'By', kind: 'text', value: ({ email }) => email ?? '' },
    { name: 'note', label: 'Note', kind: 'text', value: (line) => noteOf(line, format) },
  ];
  return dataTable(columns, { title: 'History', rows: lines }).page(format);
}

/** Where the lines are that a page has no room for. Null where there are none. */
export function olderLines(id: string, [first]: AlertLine[], older: number, format: Format) {
  if (first === undefined || older === 0) return null;
  const text = `${format.integer(older)} older ${older === 1 ? 'line' : 'lines'}`;
  return { lead: `The newest ${format.integer(MOST_LINES)} lines.`, text, href: linesPath(id, first.id) };
}

/** The lines of the history of an alert before one of them, as JSON. */
export const linesPath = (id: string, before: string) => `/api/alerts/${id}?before=${before}`;

function noteOf({ kind, note }: AlertLine, format: Format): string {
  const until = kind === 'snoozed' ? parseInstant(note.replace('until ', '')) : null;
  return until === null ? note : `until ${format.minute(until)}`;
}

const STATE_WORDS: Record<DeliveryState, string> = {
  waiting: 'waiting',
  sent: 'sent',
  dead: 'not delivered',
  dismissed: 'dismissed',
};

/** What was sent to whom and when. Null where nothing was. */
export function deliveriesTable(lines: DeliveryLine[], format: Format): Table | null {
  if (lines.length === 0) return null;
  const columns: Column<DeliveryLine>[] = [
    { name: 'message', label: 'Message', kind: 'text', value: ({ subject }) => subject },
    {
      ...{ name: 'channel', label: 'To', kind: 'text', value: ({ channel }) => channel.name },
      cell: ({ channel }) => (channel.deleted ? { note: 'deleted' } : { href: `${CHANNELS_PATH}/${channel.id}` }),
    },
    { name: 'made', label: 'Made', kind: 'instant', value: ({ made }) => made },
    {
      ...{ name: 'state', label: 'State', kind: 'text', value: ({ state }) => STATE_WORDS[state] },
      cell: ({ ended, due, state }) => ({
        ...(ended ? { note: format.shortInstant(ended) } : due ? { note: `next try ${format.shortInstant(due)}` } : {}),
        ...(state === 'dead' ? { text: '', flag: STATE_WORDS.dead } : {}),
      }),
    },
    { name: 'answer', label: 'Last answer', kind: 'text', value: ({ answer }) => answer },
  ];
  return dataTable(columns, { title: 'Told to', rows: lines }).page(format);
}
