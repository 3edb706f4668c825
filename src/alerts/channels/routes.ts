import { randomUUID } from 'node:crypto';
import express, { type Request, type Response, type Router } from 'express';
import type { Knex } from 'knex';
import { personOf } from '../../auth/access/caller.ts';
import { auditedChange, auditedOnce, writeAuditLog } from '../../db/audit-log.ts';
import type { Databases } from '../../db/connect.ts';
import {
  type Channel,
  type ChannelTerms,
  changeChannel,
  changeKey,
  deleteChannel,
  MOST_CHANNELS,
  makeChannel,
  readChannel,
  readChannels,
} from '../../delivery/channels.ts';
import type { Answer, Message } from '../../delivery/message.ts';
import { createSend, type SendingSettings } from '../../delivery/send.ts';
import { dismiss, readSentTo, readUndelivered, sendAgain } from '../../delivery/undelivered.ts';
import { createLimit } from '../../export/limit.ts';
import { BadInput } from '../../units/failures/bad-input.ts';
import { NotFound } from '../../units/failures/not-found.ts';
import type { Format } from '../../units/format.ts';
import { checkStamp, stamped } from '../../units/input/stamp.ts';
import { now } from '../../units/time.ts';
import { isUuid } from '../../units/uuid.ts';
import { TooMany } from '../../web/errors.ts';
import { panel } from '../../web/panel.ts';
import { takes, takesOnly } from '../../web/parameters.ts';
import type { Render } from '../../web/render.ts';
import { channelsOf } from '../frame/rule-lines.ts';
import { RULES_PATH } from '../sources.ts';
import { type Rule, readRules } from '../store/rules.ts';
import { channelForm, enteredValues } from './channel-form.ts';
import { channelPage, channelsTable, DELIVERIES_PATH, sentTable, undeliveredView } from './channel-page.ts';
import { CHANNELS_PATH, channelJson, channelWords, madeChannelJson } from './channel-words.ts';
import { parseChannel } from './terms.ts';

type ChannelDependencies = {
  databases: Pick<Databases, 'backoffice'>;
  render: Render;
  format: Format;
  sending: SendingSettings;
};

const API_PATH = '/api/alerts/channels';
const LARGEST_BODY = '20kb';
const GONE = 'There is no such channel. It may have been deleted.';
/** Each may take twenty seconds. */
const MOST_TESTS = { each: 2, all: 10 };

const TEST: Message = {
  subject: 'A test of this channel: nothing is wrong',
  level: 'information',
  facts: [],
  paragraphs: ['Somebody has pressed “Send a test” in Mythoria Admin. Alerts will come this way.'],
  links: [],
  data: { test: true },
};

/** Where alerts are sent, and what could not be delivered: pages, forms and the JSON of docs/openapi.yaml. */
export function channelPages({ databases, render, format, sending }: ChannelDependencies): Router {
  const { backoffice } = databases;
  const { targets } = sending;
  const send = createSend(sending);
  const mails = sending.mail !== null;
  const router = express.Router();
  const form = express.urlencoded({ extended: false, limit: LARGEST_BODY });
  const json = express.json({ limit: LARGEST_BODY });
  const testing = createLimit(MOST_TESTS);

  const found = async (id: unknown): Promise<Channel> => {
    const channel = isUuid(String(id)) ? await readChannel(backoffice, String(id)) : null;
    if (channel === null) throw new NotFound(GONE);
    return channel;
  };
  const pathOf = (id: string) => `${CHANNELS_PATH}/${id}`;
  const inWords = (terms: ChannelTerms) => `${terms.name}: ${channelWords(terms)}`;

  const make = async (transaction: Knex, terms: ChannelTerms, owner: string): Promise<string> => {
    const id = await makeChannel(transaction, terms, owner);
    if (id !== null) return id;
    throw new BadInput([
      { parameter: 'name', message: `is one too many: there are ${MOST_CHANNELS} channels already` },
    ]);
  };
  const change = async (req: Request, channel: Channel): Promise<void> => {
    checkStamp(req.query.was, { ...channel, secret: null });
    const terms = await parseChannel(req.body, targets, channel);
    await auditedChange(backoffice, personOf(req), 'change channel', async (transaction) => {
      if (!(await changeChannel(transaction, channel, terms))) throw new NotFound(GONE);
      return { value: undefined, subject: pathOf(channel.id), details: inWords(terms) };
    });
  };
  const renewKey = async (req: Request): Promise<Channel> => {
    const channel = await found(req.params.id);
    if (channel.type !== 'webhook') throw new NotFound('An e-mail channel has no key.');
    await auditedChange(backoffice, personOf(req), 'change channel key', async (transaction) => {
      if (!(await changeKey(transaction, channel))) throw new NotFound(GONE);
      return { value: undefined, subject: pathOf(channel.id), details: inWords(channel) };
    });
    return found(channel.id);
  };
  const remove = (req: Request, channel: Channel): Promise<void> =>
    auditedChange(backoffice, personOf(req), 'delete channel', async (transaction) => {
      const silent = await tellNobodyWithout(transaction, channel.id);
      if (!(await deleteChannel(transaction, channel.id))) throw new NotFound(GONE);
      const details = [inWords(channel), ...(silent.length === 0 ? [] : [`now tell nobody: ${namesOf(silent)}`])];
      return { value: undefined, subject: pathOf(channel.id), details: details.join('; ') };
    });
  /** The rules of which it is the only channel that is there. */
  const tellNobodyWithout = async (backoffice: Knex, id: string): Promise<Rule[]> => {
    const [rules, there] = await Promise.all([readRules(backoffice), readChannels(backoffice)]);
    return rules.filter((rule) => {
      const own = channelsOf(rule, there);
      return own.length === 1 && own[0] === id;
    });
  };
  const namesOf = (rules: Rule[]) => rules.map(({ name }) => name).join(', ');

  router.get(CHANNELS_PATH, takes([]), async (req, res) => {
    const [channels, undelivered] = await Promise.all([
      panel(readChannels(backoffice), req.log),
      panel(readUndelivered(backoffice), req.log),
    ]);
    const at = now();
    const data = {
      channels: channels.ok
        ? { ok: true, value: channels.value.length === 0 ? null : channelsTable(channels.value, format) }
        : channels,
      undelivered: undelivered.ok ? { ok: true, value: undeliveredView(undelivered.value, format) } : undelivered,
      freshness: { asOf: at, asOfText: format.instant(at), renews: true },
      retry: CHANNELS_PATH,
    };
    render(req, res, { title: 'Channels', view: 'alerts/channels/channels', data });
  });

  const showNew = (req: Request, res: Response, values: Record<string, unknown>, error: BadInput | null) => {
    res.status(error === null ? 200 : 400);
    const data = {
      form: channelForm({
        ...{ action: CHANNELS_PATH, saves: 'Make the channel', values, problems: error?.details ?? [] },
        type: values.type === 'webhook' ? 'webhook' : 'email',
      }),
      mails,
    };
    render(req, res, { title: 'New channel', view: 'alerts/channels/new-channel', data });
  };
  router.get(`${CHANNELS_PATH}/new`, takes(['type']), (req, res) => showNew(req, res, { type: req.query.type }, null));
  router.post(CHANNELS_PATH, form, async (req, res) => {
    try {
      const terms = await parseChannel(req.body, targets, null);
      const entry = { action: 'make channel', details: inWords(terms) } as const;
      const path = await auditedOnce(backoffice, personOf(req), entry, async (transaction) =>
        pathOf(await make(transaction, terms, personOf(req).email)),
      );
      res.redirect(303, path);
    } catch (error) {
      if (!(error instanceof BadInput)) throw error;
      showNew(req, res, req.body ?? {}, error);
    }
  });

  type Shown = { values?: Record<string, unknown>; error?: BadInput; answer?: Answer; isNewKey?: boolean };
  const showChannel = async (
    req: Request,
    res: Response,
    channel: Channel,
    { values, error, answer, isNewKey = false }: Shown,
  ) => {
    const [sent, silent] = await Promise.all([
      panel(readSentTo(backoffice, channel.id), req.log),
      tellNobodyWithout(backoffice, channel.id),
    ]);
    res.status(error ? 400 : 200);
    const data = {
      ...channelPage(channel, mails, answer ?? null),
      sent: sent.ok ? { ok: true, value: sentTable(sent.value, format) } : sent,
      form: channelForm({
        ...{ action: stamped(pathOf(channel.id), { ...channel, secret: null }), saves: 'Save', type: channel.type },
        ...{ values: values ?? enteredValues(channel), problems: error?.details ?? [] },
      }),
      isNewKey,
      silent: silent.map(({ id, name }) => ({ name, href: `${RULES_PATH}/${id}` })),
      retry: pathOf(channel.id),
    };
    render(req, res, { title: `Channel ${channel.name}`, view: 'alerts/channels/channel', data });
  };
  router.get(`${CHANNELS_PATH}/:id`, takes([]), async (req, res) => {
    await showChannel(req, res, await found(req.params.id), {});
  });
  router.post(`${CHANNELS_PATH}/:id`, form, async (req, res) => {
    const channel = await found(req.params.id);
    try {
      await change(req, channel);
      res.redirect(303, pathOf(channel.id));
    } catch (error) {
      if (!(error instanceof BadInput)) throw error;
      await showChannel(req, res, channel, { values: req.body ?? {}, error });
    }
  });
  router.post(`${CHANNELS_PATH}/:id/delete`, async (req, res) => {
    await remove(req, await found(req.params.id));
    res.redirect(303, CHANNELS_PATH);
  });
  router.post(`${CHANNELS_PATH}/:id/key`, async (req, res) => {
    await showChannel(req, res, await renewKey(req), { isNewKey: true });
  });
  router.post(`${CHANNELS_PATH}/:id/test`, async (req, res) => {
    const channel = await found(req.params.id);
    const done = testing(personOf(req).sub);
    if (typeof done !== 'function') throw new TooMany('Other tests are under way: please wait for their answers.', 20);
    try {
      const entry = { action: 'test channel', subject: pathOf(channel.id), details: inWords(channel) } as const;
      await writeAuditLog(backoffice, personOf(req), entry);
      const delivery = { id: randomUUID(), event: randomUUID(), thread: randomUUID(), message: TEST };
      const answer = await send(channel, delivery, now());
      await showChannel(req, res, channel, { answer });
    } finally {
      done();
    }
  });

  /** What may be done about what could not be delivered: to one, or to all. */
  const seeTo = (path: string, action: 'send again' | 'dismiss delivery', does: typeof sendAgain) =>
    router.post([`${DELIVERIES_PATH}/:id/${path}`, `${DELIVERIES_PATH}/${path}`], async (req, res) => {
      const { id = null } = req.params as { id?: string };
      if (id !== null && !isUuid(id)) throw new NotFound('There is no such message.');
      await auditedChange(backoffice, personOf(req), action, async (transaction) => {
        const count = await does(transaction, id);
        if (count === 0 && id !== null)
          throw new NotFound('There is no such message. Somebody else may have seen to it.');
        return { value: undefined, subject: id ?? CHANNELS_PATH, details: `${count} of those not delivered` };
      });
      res.redirect(303, CHANNELS_PATH);
    });
  seeTo('again', 'send again', sendAgain);
  seeTo('dismiss', 'dismiss delivery', dismiss);

  router.get(API_PATH, takesOnly([]), async (_req, res) => {
    res.json({ channels: (await readChannels(backoffice)).map(channelJson) });
  });
  router.post(API_PATH, takesOnly([]), json, async (req, res) => {
    const terms = await parseChannel(req.body, targets, null);
    const id = await auditedChange(backoffice, personOf(req), 'make channel', async (transaction) => {
      const made = await make(transaction, terms, personOf(req).email);
      return { value: made, subject: pathOf(made), details: inWords(terms) };
    });
    res
      .status(201)
      .location(`${API_PATH}/${id}`)
      .json(madeChannelJson(await found(id)));
  });
  router.get(`${API_PATH}/:id`, takesOnly([]), async (req, res) => {
    res.json(channelJson(await found(req.params.id)));
  });
  router.put(`${API_PATH}/:id`, takesOnly([]), json, async (req, res) => {
    const channel = await found(req.params.id);
    await change(req, channel);
    res.json(channelJson(await found(channel.id)));
  });
  router.post(`${API_PATH}/:id/key`, takesOnly([]), async (req, res) => {
    res.json(madeChannelJson(await renewKey(req)));
  });
  router.delete(`${API_PATH}/:id`, takesOnly([]), async (req, res) => {
    await remove(req, await found(req.params.id));
    res.status(204).end();
  });

  return router;
}
