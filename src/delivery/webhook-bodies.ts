import type { WebhookChannel, WebhookFormat } from './channels.ts';
import { type Delivery, LEVEL_WORDS, type Message } from './message.ts';
import { cut, html, oneLine } from './text.ts';

/** What is sent where: of Google Chat the address says that an alert's messages are one thread. */
export function webhookBody({ url, format }: WebhookChannel, delivery: Delivery): { url: URL; body: string } {
  const target = new URL(url);
  if (format === 'google-chat') target.searchParams.set('messageReplyOption', 'REPLY_MESSAGE_FALLBACK_TO_NEW_THREAD');
  return { url: target, body: JSON.stringify(BODIES[format](delivery)) };
}

/** docs/webhooks.md describes the first; the others are of those who take them. */
const BODIES: Record<WebhookFormat, (delivery: Delivery) => object> = {
  json: ({ id, event, thread, message: { subject, level, facts, paragraphs, links, data } }) => ({
    ...{ id, event, alert: thread, level, subject, facts, paragraphs, links, data },
  }),
  slack: ({ message }) => slack(message),
  'google-chat': googleChat,
  teams: ({ message }) => teams(message),
};

const titleOf = ({ level, subject }: Message) => oneLine(`${LEVEL_WORDS[level]}: ${subject}`);

/** Slack's escaping: nothing in it mentions anybody or is a link (docs.slack.dev/messaging/formatting-message-text). */
const mrkdwn = (text: string) => text.replace(/[&<>]/g, html);

function groupsOf<T>(items: readonly T[], size: number): T[][] {
  return Array.from({ length: Math.ceil(items.length / size) }, (_, i) => items.slice(i * size, (i + 1) * size));
}

/** Block Kit (docs.slack.dev/reference/block-kit/blocks): a header of 150 characters, 10 fields of 2,000 a section, texts of 3,000. */
function slack(message: Message): object {
  const plain = (text: string, most: number) => ({ type: 'plain_text', text: cut(text, most), emoji: false });
  const links = message.links.map(({ label, url }) => `<${mrkdwn(url)}|${mrkdwn(oneLine(label))}>`);
  return {
    text: mrkdwn(titleOf(message)),
    unfurl_links: false,
    blocks: [
      { type: 'header', text: plain(titleOf(message), 150) },
      ...groupsOf(message.facts, 10).map((facts) => ({
        type: 'section',
        fields: facts.map(({ label, value }) => plain(`${label}\n${value}`, 2_000)),
      })),
      ...message.paragraphs.map((text) => ({ type: 'section', text: plain(text, 3_000) })),
      ...links.map((text) => ({ type: 'section', text: { type: 'mrkdwn', text } })),
    ].slice(0, 50),
  };
}

const googleButton = ({ label, url }: Message['links'][number]) => ({
  text: oneLine(label),
  onClick: { openLink: { url } },
});

/** Cards of version 2 (developers.google.com/workspace/chat/api/reference/rest/v1/cards), whose texts are a little HTML. */
function googleChat({ thread, message }: Delivery): object {
  const widgets = [
    ...message.facts.map(({ label, value }) => ({
      decoratedText: { topLabel: oneLine(label), text: html(value), wrapText: true },
    })),
    ...message.paragraphs.map((text) => ({ textParagraph: { text: html(text) } })),
    ...(message.links.length === 0 ? [] : [{ buttonList: { buttons: message.links.map(googleButton) } }]),
  ];
  const header = { title: oneLine(message.subject), subtitle: LEVEL_WORDS[message.level] };
  return {
    fallbackText: titleOf(message),
    thread: { threadKey: thread },
    cardsV2: [{ cardId: 'alert', card: { header, sections: [{ widgets }] } }],
  };
}

const TEAMS_COLORS: Record<Message['level'], string> = {
  ...{ critical: 'Attention', warning: 'Warning', resolved: 'Good', error: 'Warning', information: 'Default' },
};

/**
 * An Adaptive Card as the workflow "Send webhook alerts" takes it. Runs of text, for they are no Markdown: a model's name
 * that looks like a link is none.
 */
function teams(message: Message): object {
  const text = (...inlines: object[]) => ({
    type: 'RichTextBlock',
    inlines: inlines.map((run) => ({ type: 'TextRun', ...run })),
  });
  const color = TEAMS_COLORS[message.level];
  const content = {
    $schema: 'http://adaptivecards.io/schemas/adaptive-card.json',
    type: 'AdaptiveCard',
    version: '1.4',
    msteams: { width: 'Full' },
    body: [
      text({ text: titleOf(message), size: 'Large', weight: 'Bolder', color }),
      ...message.facts.map(({ label, value }) => text({ text: `${label}: `, weight: 'Bolder' }, { text: value })),
      ...message.paragraphs.map((paragraph) => text({ text: paragraph })),
    ],
    actions: message.links.map(({ label, url }) => ({ type: 'Action.OpenUrl', title: oneLine(label), url })),
  };
  return {
    type: 'message',
    attachments: [{ contentType: 'application/vnd.microsoft.card.adaptive', contentUrl: null, content }],
  };
}
