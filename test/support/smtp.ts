import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { SMTPServer, type SMTPServerOptions } from 'smtp-server';

type ReceivedMail = { from: string; to: string[]; raw: string };

export type MailServer = { url: string; received: ReceivedMail[]; close: () => Promise<void> };

/** A real mail server, which keeps what it is given. */
export async function startMailServer(options: SMTPServerOptions = {}): Promise<MailServer> {
  const received: ReceivedMail[] = [];
  const server = new SMTPServer({
    ...{ authOptional: true, disabledCommands: ['STARTTLS'], logger: false },
    onData: async (stream, session, callback) => {
      let raw = '';
      for await (const chunk of stream) raw += chunk;
      const { mailFrom, rcptTo } = session.envelope;
      received.push({ from: mailFrom ? mailFrom.address : '', to: rcptTo.map(({ address }) => address), raw });
      callback(null, 'kept');
    },
    ...options,
  });
  server.on('error', () => {});
  const listening = server.listen(0, '127.0.0.1');
  await once(listening, 'listening');
  const { port } = listening.address() as AddressInfo;
  return {
    ...{ url: `smtp://127.0.0.1:${port}`, received },
    close: () => new Promise((resolve) => server.close(() => resolve())),
  };
}

/** A mail's headers, unfolded, by their names in lower case. */
export function headersOf(raw: string): Map<string, string> {
  const [head = ''] = raw.split('\r\n\r\n');
  const lines = head.replace(/\r\n[ \t]+/g, ' ').split('\r\n');
  return new Map(
    lines.map((line) => [line.slice(0, line.indexOf(':')).toLowerCase(), line.slice(line.indexOf(':') + 1).trim()]),
  );
}

const QUOTED = /=([0-9A-F]{2})/g;
const unquoted = (text: string) =>
  Buffer.from(
    text.replace(QUOTED, (_, hex) => String.fromCharCode(Number.parseInt(hex, 16))),
    'latin1',
  ).toString();

/** A header's text, of encoded words (RFC 2047) in quoted-printable. */
export const decoded = (header: string): string =>
  unquoted(
    header
      .replace(/\?= =\?UTF-8\?Q\?/g, '')
      .replace(/^=\?UTF-8\?Q\?|\?=$/g, '')
      .replaceAll('_', ' '),
  );

/** The text of a part of a mail, of quoted-printable or base64. */
export function partOf(raw: string, type: string): string {
  const [, part = ''] = raw.split(new RegExp(`Content-Type: ${type}[^\\r]*\\r\\n`));
  const [head = '', ...body] = part.split('\r\n\r\n');
  const text = body.join('\r\n\r\n').split(/\r\n--\S*Part_1/)[0] ?? '';
  if (/base64/i.test(head)) return Buffer.from(text, 'base64').toString();
  if (!/quoted-printable/i.test(head)) return text;
  return unquoted(text.replace(/=\r\n/g, ''));
}
