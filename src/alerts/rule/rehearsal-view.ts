import { type BarChart, barChart } from '../../tables/bar-chart.ts';
import type { Day } from '../../units/calendar.ts';
import type { Format } from '../../units/format.ts';
import { clockOf } from '../../units/local-time.ts';
import { addDays, dayOf, type Instant } from '../../units/time.ts';
import type { Rehearsal } from '../evaluation/rehearse.ts';
import { againstText, LEVEL_WORDS } from '../frame/words.ts';
import { levelAt, measuredOf, subjectText, valueText } from '../rules/words.ts';
import type { RuleTerms } from '../store/rules.ts';

/** What a rule would have told, ready to print. */
export type RehearsalView = {
  sentence: string;
  summary: string;
  chart: BarChart;
  alerts: { level: string; when: string; value: string; against: string }[];
  more: string | null;
};

const MOST_ALERTS = 50;

export function rehearsalView(
  { window, alerts, days, standing }: Rehearsal,
  rule: Pick<RuleTerms, 'type' | 'fields'>,
  sentence: string,
  format: Format,
): RehearsalView {
  const measured = measuredOf(rule);
  const say = (value: number) => valueText(value, measured, format);
  const { at: limit } = levelAt(rule, null);
  const more = alerts.length - MOST_ALERTS;
  const summary = standing.learning && alerts.length === 0 ? learningText : summaryOf(alerts, format);
  return {
    sentence: `Tells when ${sentence}.`,
    summary,
    chart: barChart(
      days.map(({ day, value, fired }) => ({
        ...{ label: format.longDay(day), axisLabel: format.shortDay(day), value: value ?? 0, marked: fired },
      })),
      { limit, say, text: `${summary} ${format.minute(window.from)} to ${format.minute(window.to)}.` },
    ),
    alerts: alerts
      .slice(-MOST_ALERTS)
      .reverse()
      .map(({ subject, from, to, level, value, worst, limit, usual }) => ({
        level: LEVEL_WORDS[level],
        when:
          to === null
            ? `${format.minute(from)}, not over`
            : `${format.minute(from)}, for ${format.duration(to - from)}`,
        value: `${subjectText(rule, subject)}${say(value)}${say(worst) === say(value) ? '' : `, at worst ${say(worst)}`}`,
        against: againstText({ limit: levelAt(rule, value, limit).at, usual }, measured, format),
      })),
    more: more > 0 ? `The newest ${MOST_ALERTS} of ${format.integer(alerts.length)}.` : null,
  };
}

const learningText = 'It would still be learning: there is not enough history yet.';

const times = (count: number, format: Format) =>
  count === 1 ? 'once' : count === 2 ? 'twice' : `${format.integer(count)} times`;

/** "Would have fired 3 times in 90 days, twice in the night of 12 Nov 2026." */
function summaryOf(alerts: Rehearsal['alerts'], format: Format): string {
  if (alerts.length === 0) return 'Would not have fired in the last 90 days.';
  const fired = `Would have fired ${times(alerts.length, format)} in the last 90 days`;
  const dense = densest(
    alerts.map(({ from }) => from),
    format.timeZone,
  );
  if (dense === null) return `${fired}.`;
  const { count, night, day } = dense;
  const which = count < alerts.length ? `${format.integer(count)} of them` : count === 2 ? 'both' : 'all';
  return `${fired}, ${which} ${night ? 'in the night of' : 'on'} ${format.longDay(day)}.`;
}

const NIGHT_BEGINS = 21;
const NIGHT_ENDS = 6;

/** The night, or else the day, in which most of several instants lie; null where none holds two of them. */
function densest(instants: Instant[], timeZone: string): { count: number; night: boolean; day: Day } | null {
  const groups = new Map<string, { count: number; night: boolean; day: Day }>();
  for (const instant of instants) {
    const { hour } = clockOf(instant, timeZone);
    const day = dayOf(instant, timeZone);
    const night = hour >= NIGHT_BEGINS || hour < NIGHT_ENDS;
    const own = night && hour < NIGHT_ENDS ? addDays(day, -1) : day;
    const key = `${night} ${own}`;
    const group = groups.get(key) ?? { count: 0, night, day: own };
    group.count += 1;
    groups.set(key, group);
  }
  const [most] = [...groups.values()].sort((a, b) => b.count - a.count);
  return most && most.count > 1 ? most : null;
}
