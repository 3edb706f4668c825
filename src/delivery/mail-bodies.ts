import { LEVEL_WORDS, type Message } from './message.ts';
import { html, oneLine } from './text.ts';

/** A message, why somebody gets it, and where that is ended. */
type MailParts = { message: Message; reason: string; endedAt: string };

/** Everything that the mail says, for readers of plain text. */
export function mailText({ message, reason, endedAt }: MailParts): string {
  const { level, subject, facts, paragraphs, links } = message;
  return [
    `${LEVEL_WORDS[level]}: ${oneLine(subject)}`,
    facts.map(({ label, value }) => `${oneLine(label)}: ${oneLine(value)}`).join('\n'),
    ...paragraphs,
    links.map(({ label, url }) => `${oneLine(label)}:\n${url}`).join('\n\n'),
    `-- \n${reason}\n${endedAt}`,
  ]
    .filter((part) => part !== '')
    .join('\n\n');
}

const COLORS: Record<Message['level'], string> = {
  critical: '#d92d20',
  warning: '#b54708',
  resolved: '#067647',
  error: '#b54708',
  information: '#475467',
};

/**
 * The same as HTML without pictures: colours are those of the reader's own light or dark screen, but for the bar that says
 * how grave it is.
 */
export function mailHtml({ message, reason, endedAt }: MailParts): string {
  const { level, subject, facts, paragraphs, links } = message;
  const rows = facts.map(
    ({ label, value }) =>
      `<tr><th align="left" style="padding:2px 16px 2px 0;font-weight:normal;opacity:.75">${html(label)}</th><td style="padding:2px 0"><strong>${html(value)}</strong></td></tr>`,
  );
  const link = ({ label, url }: Message['links'][number]) => `<p><a href="${html(url)}">${html(label)}</a></p>`;
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="supported-color-schemes" content="light dark">
<title>${html(oneLine(subject))}</title>
<style>:root { color-scheme: light dark; }</style>
</head>
<body style="margin:0;padding:16px;font:16px/1.5 system-ui,-apple-system,'Segoe UI',sans-serif">
<div style="max-width:600px;border-left:4px solid ${COLORS[level]};padding-left:16px">
<p style="margin:0">${LEVEL_WORDS[level]}</p>
<h1 style="margin:0 0 12px;font-size:20px;line-height:1.3">${html(oneLine(subject))}</h1>
${rows.length === 0 ? '' : `<table role="presentation" cellspacing="0" cellpadding="0" style="margin:0 0 12px">${rows.join('')}</table>`}
${paragraphs.map((text) => `<p>${html(text)}</p>`).join('\n')}
${links.map(link).join('\n')}
<p style="margin-top:24px;font-size:13px;opacity:.75">${html(reason)}<br><a href="${html(endedAt)}">${html(endedAt)}</a></p>
</div>
</body>
</html>
`;
}
