import assert from 'node:assert/strict';
import type { HTMLElement } from 'node-html-parser';
import { subjectPath } from '../../src/ai-usage/frame/subjects.ts';
import { BREAKDOWNS_BESIDE, SHOWN, STACKS } from '../../src/query/view.ts';
import type { RecordsJson, StatsJson } from '../support/api-types.ts';
import type { Client } from '../support/client.ts';
import { databases } from '../support/databases.ts';
import { csvRows, download, xlsxSheets } from '../support/export.ts';
import {
  columnOf,
  integerOf,
  linkTo,
  openJson,
  openPage,
  recordIds,
  tableOf,
  textOf,
  tilesOf,
} from '../support/page.ts';
import { THOROUGH } from '../support/thorough.ts';

export const PATH = '/ai-usage/records';
export const EXTENSIONS = ['csv', 'xlsx', 'json', 'ndjson'] as const;
const ORDERS = ['createdAt', 'aiModel', 'action', 'inputTokens', 'outputTokens', 'totalTokens', 'estimatedCostInEuros'];

/** A row as PostgreSQL reads it; `at` is an expression. */
type Row = { id: string; author: string; story: string; action: string; model: string; input: number; output: number };
export type OddRow = Row & { cost: string; at: string };

export const uuid = (kind: number, i: number) => `${kind}0000000-0000-4000-8000-${String(i).padStart(12, '0')}`;

export async function insert(rows: OddRow[]): Promise<void> {
  for (const { id, author, story, action, model, input, output, cost, at } of rows)
    await databases().workflows.raw(
      `INSERT INTO token_usage_tracking (token_usage_id, author_id, story_id, action, ai_model, input_tokens, output_tokens, estimated_cost_in_euros, input_prompt_json, created_at)
       VALUES (?, ?, ?, ?::ai_action_type, ?, ?, ?, ?, '{}', ${at})`,
      [id, author, story, action, model, input, output, cost],
    );
}

const hasTime = ({ at }: OddRow) => !at.includes('infinity');
const microOf = (cost: string) => (cost === 'NaN' ? 0 : Math.round(Number(cost) * 1_000_000));
const sumOf = (rows: OddRow[]) => rows.reduce((sum, { cost }) => sum + microOf(cost), 0);
const sorted = (ids: string[]) => [...ids].sort();
const idsOf = (rows: OddRow[]) => sorted(rows.map(({ id }) => id));

/** A page that is whole: no panel failed, and nothing is printed that is no word of ours. */
export async function wholePage(client: Client, path: string): Promise<HTMLElement> {
  const page = await openPage(client, path);
  assert.deepEqual(page.querySelectorAll('[role=alert]').map(textOf), [], path);
  assert.doesNotMatch(page.text, /NaN|Infinity|undefined|Invalid|could not be computed|do not add up/, path);
  return page;
}

export const oddNotices = (page: HTMLElement) =>
  page.querySelectorAll('.notice').filter((one) => one.querySelector('.flag'));

/** The ids of a list, walked by its next links. */
async function walked(client: Client, path: string): Promise<string[]> {
  const ids: string[] = [];
  for (let href: string | null = path; href; ) {
    const page = await wholePage(client, href);
    ids.push(...recordIds(page));
    href = linkTo(page, 'a[rel=next]');
  }
  return ids;
}

/** The same of the API, which says in words what is none. */
async function walkedByCursor(client: Client, parameters: string): Promise<string[]> {
  const ids: string[] = [];
  for (let after: string | null = ''; after !== null; ) {
    const cursor: string = after && `&after=${encodeURIComponent(after)}`;
    const next: RecordsJson = await openJson(client, `/api${PATH}?${parameters}&pageSize=4${cursor}`);
    ids.push(...next.records.map(({ tokenUsageId }) => tokenUsageId));
    for (const { createdAt, estimatedCostInEuros } of next.records) {
      assert.match(createdAt, parameters.includes('period=none') ? /^no time$/ : /^[-+]?\d{4,6}-.*Z$/);
      assert.match(estimatedCostInEuros, /^(no number|-?\d{1,4}\.\d{6})$/);
    }
    after = next.after;
  }
  return ids;
}

/** Everything that shows these records, and that it counts and adds up what can be. */
export async function assertShown(origin: string, client: Client, rows: OddRow[]): Promise<void> {
  const finite = rows.filter(hasTime);
  const timeless = rows.filter((row) => !hasTime(row));
  const numberless = finite.filter(({ cost }) => cost === 'NaN');

  const stats = await openJson<StatsJson>(client, '/api/ai-usage/stats?period=all');
  assert.equal(stats.totalRequests, finite.length);
  assert.equal(Math.round(stats.totalCost * 1_000_000), sumOf(finite));
  assert.equal(stats.requestsWithoutNumber, numberless.length);

  const views = BREAKDOWNS_BESIDE.map(
    (breakdown, i) => `&breakdown=${breakdown}&by=${STACKS[i % STACKS.length]}&show=${SHOWN[i % SHOWN.length]}`,
  );
  const periods = ['period=all', 'period=none', 'period=30d', 'period=1d', 'period=all&without=cost'];
  // Each with two of the periods, as its neighbours are not; in the long run with all.
  for (const [i, view] of views.entries())
    for (const period of THOROUGH ? periods : [0, 1].map((n) => periods[(2 * i + n) % periods.length]))
      await wholePage(client, `/ai-usage?${period}${view}`);
  for (const parameters of ['period=all', 'period=none', 'without=cost&period=all'])
    await wholePage(client, `/ai-usage/tie-out?${parameters}`);

  const overview = await wholePage(client, '/ai-usage?period=all');
  assert.equal(integerOf(tilesOf(overview).get('Requests')?.text ?? ''), finite.length);
  const notices = new Map(oddNotices(overview).map((one) => [textOf(one.querySelector('.flag')), one]));
  for (const [flag, wanted] of [
    ['no number', numberless],
    ['no time', timeless],
  ] as const) {
    assert.equal(notices.has(flag), wanted.length > 0, flag);
    const href = notices.get(flag)?.querySelector('a')?.getAttribute('href');
    if (!href) continue;
    assert.match(textOf(notices.get(flag) ?? null), new RegExp(`\\b${wanted.length} `));
    assert.deepEqual(sorted(await walked(client, href)), idsOf(wanted), flag);
    const page = await wholePage(client, href);
    const label = flag === 'no time' ? 'Time' : 'Cost';
    for (const { text } of columnOf(tableOf(page, 'Records'), label)) assert.equal(text, flag);
  }

  for (const [parameters, wanted] of [
    ['period=all', finite],
    ['period=none', timeless],
  ] as const) {
    for (const [i, order] of ORDERS.entries())
      for (const direction of THOROUGH ? ['asc', 'desc'] : [i % 2 === 0 ? 'asc' : 'desc'])
        assert.deepEqual(
          sorted(await walkedByCursor(client, `${parameters}&sortBy=${order}&sortOrder=${direction}`)),
          idsOf(wanted),
        );
    for (const order of ['createdAt', 'estimatedCostInEuros'])
      assert.deepEqual(sorted(await walked(client, `${PATH}?${parameters}&sortBy=${order}&pageSize=4`)), idsOf(wanted));
  }

  const subjects = new Set<string>();
  for (const { id, story, author, action, model, cost, at } of rows) {
    const record = await wholePage(client, `${PATH}/${id}`);
    const facts = new Map(
      record.querySelectorAll('.facts > div').map((one) => [textOf(one.querySelector('dt')), one.querySelector('dd')]),
    );
    assert.equal(/no number/.test(textOf(facts.get('Estimated cost') ?? null)), cost === 'NaN');
    assert.equal(/no time/.test(textOf(facts.get('Time') ?? null)), at.includes('infinity'));
    const period = at.includes('infinity') ? 'period=none' : 'period=all';
    for (const path of [`stories/${story}`, `authors/${author}`, `actions/${action}`])
      subjects.add(`${path}?${period}`);
    if (!['', '.', '..'].includes(model))
      subjects.add(`${subjectPath('model', model).slice('/ai-usage/'.length)}?${period}`);
  }
  for (const path of subjects) await wholePage(client, `/ai-usage/${path}`);

  for (const [parameters, wanted] of [
    ['period=all', finite],
    ['period=none', timeless],
  ] as const) {
    const file = async (extension: string) => {
      const { status, text, bytes, headers } = await download(origin, client, `${PATH}.${extension}?${parameters}`);
      assert.equal(status, 200, text);
      assert.equal(headers['x-total-rows'], String(wanted.length));
      assert.equal(microOf(String(headers['x-total-cost'])), sumOf(wanted));
      return { text, bytes };
    };
    const costs = wanted.map(({ cost }) => (cost === 'NaN' ? 'no number' : String(microOf(cost)))).sort();
    const printed = (list: (string | undefined)[]) =>
      list.map((cost) => (cost === 'no number' ? cost : String(microOf(cost ?? '')))).sort();
    const csv = csvRows((await file('csv')).text);
    assert.deepEqual(printed(csv.map((row) => row['Cost (€)'])), costs);
    const json = JSON.parse((await file('json')).text).tables.records as Record<string, string>[];
    assert.deepEqual(printed(json.map((row) => row.estimatedCostInEuros)), costs);
    const lines = (await file('ndjson')).text.trim().split('\n').slice(1);
    assert.deepEqual(printed(lines.map((line) => JSON.parse(line).estimatedCostInEuros)), costs);
    const [sheet] = await xlsxSheets((await file('xlsx')).bytes);
    assert.deepEqual(printed((sheet?.rows ?? []).map((row) => String(row.Cost))), costs);
    if (parameters === 'period=none')
      for (const row of [...csv, ...json, ...(sheet?.rows ?? [])] as Record<string, unknown>[])
        assert.equal(row['Time (UTC)'] ?? row.createdAt ?? row['Time (Europe/Lisbon)'], 'no time');
    const { text: usage } = await download(origin, client, `/ai-usage.csv?${parameters}&table=usage`);
    if (parameters === 'period=none')
      for (const row of csvRows(usage)) assert.deepEqual([row.Day, row.Month], ['no time', 'no time']);
    for (const extension of EXTENSIONS)
      for (const page of ['', `/models/gpt-5`, `/stories/${rows[0]?.story}`, `/authors/${rows[0]?.author}`])
        assert.equal((await download(origin, client, `/ai-usage${page}.${extension}?${parameters}`)).status, 200);
    const excel = await download(origin, client, `${PATH}.csv?${parameters}&dialect=excel-pt`);
    assert.equal(csvRows(excel.text, ';').length, wanted.length);
  }
}
