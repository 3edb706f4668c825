import express, { type Router } from 'express';
import { readNames } from '../../catalog/names.ts';
import { OVERVIEW_PATH, RECORDS_PATH } from '../../query/paths.ts';
import { OF_NUMBERS, PAGE_PARAMETERS, parseUsageQuery, type UsageQuery, usageUrl } from '../../query/query.ts';
import { costOfRecord } from '../../stats/pricing/repriced.ts';
import { handled } from '../../units/promises/handled.ts';
import { now } from '../../units/time.ts';
import { panel } from '../../web/panel.ts';
import { type Address, takes } from '../../web/parameters.ts';
import { recordsMenu } from '../frame/download-menu.ts';
import { frozenNotes, frozenUrl } from '../frame/frozen.ts';
import { type PageDependencies, pageFrame, shortened } from '../frame/page-routes.ts';
import { pageLimits } from '../frame/sources.ts';
import { repricedColumn } from './record-columns.ts';
import { recordsList } from './records-list.ts';

/** The list of records. */
export function recordsPage({ databases, reader, render, format }: PageDependencies): Router {
  const router = express.Router();
  const limits = pageLimits(format);
  const frame = pageFrame({ databases, reader, format });

  /** The records, and by the price list what they cost and for which there is no price, where that is asked for. */
  const read = async (query: UsageQuery) => {
    const answer = await reader.records(query);
    if (query.cost === 'recorded') return { ...answer, besides: [], repriced: null };
    const [prices, { value }] = await Promise.all([reader.prices(), reader.repriced(query, 'day')]);
    return {
      ...answer,
      value: { ...answer.value, unpriced: value.unpriced },
      besides: [repricedColumn((record) => costOfRecord(record, prices, format.timeZone))],
      repriced: value.total.cost,
    };
  };

  const check = ({ query }: Pick<Address, 'query'>) => parseUsageQuery(query, limits, now());
  const taken = takes(PAGE_PARAMETERS, { carried: OF_NUMBERS.filter((parameter) => parameter !== 'cost'), check });
  router.get(RECORDS_PATH, taken, async (req, res) => {
    const query = parseUsageQuery(req.query, limits, now());
    if (shortened(req, res, RECORDS_PATH, query)) return;
    const answering = handled(panel(read(query), req.log));
    const [answer, shared] = await Promise.all([answering, frame(RECORDS_PATH, query, answering, req.log)]);
    const ids = (key: 'authorId' | 'storyId') =>
      answer.ok ? [...new Set(answer.value.value.records.map((record) => record[key]))] : [];
    const names = await readNames(databases, { authors: ids('authorId'), stories: ids('storyId') });
    const list = answer.ok
      ? {
          ok: true,
          value: recordsList(RECORDS_PATH, answer.value.query, answer.value.value, names, format, answer.value.besides),
        }
      : answer;
    const total = answer.ok ? answer.value.value.total : null;
    const download =
      answer.ok && total ? recordsMenu(frozenUrl(RECORDS_PATH, answer.value.query, total), total, format) : null;
    const notes = [...shared.notes, ...(total ? frozenNotes(query, total, format) : [])];
    const title = shared.titled(total?.cost ?? null, 'Records');
    const repriced = answer.ok ? answer.value.repriced : null;
    const data = { ...shared, title, notes, list, repriced, download, overview: usageUrl(OVERVIEW_PATH, query) };
    render(req, res, { title, view: 'ai-usage/records/records', data });
  });

  return router;
}
