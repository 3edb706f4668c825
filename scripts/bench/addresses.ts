import { BREAKDOWNS_BESIDE } from '../../src/query/view.ts';

/** What is asked of a process that has just started, by name. */
export const firstAddressesOf = ({ authorId }: { authorId: string }): [name: string, address: string][] => [
  ...['30d', '90d', 'all'].map((period): [string, string] => [
    `stats JSON, ${period}`,
    `/api/ai-usage/stats?period=${period}`,
  ]),
  ['stats JSON, all, one model', '/api/ai-usage/stats?period=all&model=gpt-5'],
  ['stats JSON, 90d, several models', '/api/ai-usage/stats?period=90d&search=gpt'],
  ['overview, hours of the day, 90d', '/ai-usage?period=90d&hours=8-20'],
  ['overview, stories, 90d', '/ai-usage?period=90d&breakdown=story'],
  ['overview, stories, all', '/ai-usage?period=all&breakdown=story'],
  ['overview, stories of one model, 90d', '/ai-usage?period=90d&breakdown=story&model=gpt-5'],
  ['overview, hours of the week, all', '/ai-usage?period=all&breakdown=hour'],
  ['page of an author, 90d', `/ai-usage/authors/${authorId}?period=90d`],
];

const PERIODS = ['1d', '7d', '30d', '90d', 'all'];

/** What is measured, by name; `lastPage` of all records at 50 a page. */
export function addressesOf(
  { storyId, authorId }: { storyId: string; authorId: string },
  lastPage: number,
): [name: string, address: string][] {
  const usage = '/ai-usage';
  const records = '/api/ai-usage/records';
  return [
    ['floor (SELECT 1)', '/floor'],
    ...PERIODS.map((period): [string, string] => [`stats JSON, ${period}`, `/api/ai-usage/stats?period=${period}`]),
    ...PERIODS.map((period): [string, string] => [`overview page, ${period}`, `${usage}?period=${period}`]),
    ['stats JSON, 90d, one model', '/api/ai-usage/stats?period=90d&model=gpt-5'],
    ['stats JSON, 90d, one action', '/api/ai-usage/stats?period=90d&action=image_edit'],
    ['stats JSON, 90d, hours of the day', '/api/ai-usage/stats?period=90d&hours=8-20'],
    ['overview page, 90d, hours of the day', `${usage}?period=90d&hours=8-20`],
    ['overview page, 90d, days of the week', `${usage}?period=90d&weekdays=mon-fri`],
    ['stats JSON, 90d, by the price list', '/api/ai-usage/stats?period=90d&cost=repriced'],
    ['overview page, 90d, by the price list', `${usage}?period=90d&cost=repriced`],
    ['records by time, page 1', `${records}?period=all`],
    ['records by time, page 1,000', `${records}?period=all&page=1000`],
    ['records by time, last page', `${records}?period=all&page=${lastPage}`],
    ['records by time, 90d, page 1,000', `${records}?period=90d&page=1000`],
    ['records by cost, page 1', `${records}?period=90d&sortBy=estimatedCostInEuros`],
    ['records by cost, page 100', `${records}?period=90d&sortBy=estimatedCostInEuros&page=100`],
    ['records by tokens, page 100', `${records}?period=90d&sortBy=totalTokens&page=100`],
    ['search by id prefix', `${records}?period=90d&search=${storyId.slice(0, 8)}`],
    ['search by model', `${records}?period=90d&search=imagen`],
    ['search by action', `${records}?period=90d&search=review`],
    ['records page (HTML), 30d', `${usage}/records`],
    ['overview, bars by action, against a year ago, 90d', `${usage}?period=90d&by=action&compare=year`],
    ...BREAKDOWNS_BESIDE.map((breakdown): [string, string] => [
      `overview, breakdown=${breakdown}, 90d`,
      `${usage}?period=90d&breakdown=${breakdown}`,
    ]),
    ['overview, stories, all', `${usage}?period=all&breakdown=story`],
    ['overview, hours of the week, all', `${usage}?period=all&breakdown=hour`],
    ['overview, stories of one model, 30d', `${usage}?breakdown=story&model=gpt-5`],
    ['stats JSON, all, several models', '/api/ai-usage/stats?period=all&search=gpt'],
    ['overview, stories of one model, all', `${usage}?period=all&breakdown=story&model=gpt-5`],
    ['page of a story', `${usage}/stories/${storyId}`],
    ['page of an author, 90d', `${usage}/authors/${authorId}?period=90d`],
    ['page of a model, 30d', `${usage}/models/gpt-5`],
    ['page of an action, 30d', `${usage}/actions/image_edit`],
    ['statement of a month', `${usage}/statement?month=${lastMonth()}`],
  ];
}

/** "2026-10": without a month, the statement leads to one instead of answering. */
function lastMonth(): string {
  const now = new Date();
  return new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth() - 1)).toISOString().slice(0, 7);
}
