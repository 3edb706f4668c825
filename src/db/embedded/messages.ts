// PostgreSQL's protocol: https://www.postgresql.org/docs/current/protocol-message-formats.html

const PROTOCOL_3 = 196_608;
const SSL_REQUEST = 80_877_103;
const GSS_REQUEST = 80_877_104;

/** A message: its type, its length, which counts itself, and its content. */
export function frame(type: string, content: string | Buffer): Buffer {
  const body = Buffer.from(content);
  const head = Buffer.alloc(5);
  head.write(type);
  head.writeInt32BE(body.length + 4, 1);
  return Buffer.concat([head, body]);
}

/** How a client begins: the one message without a type. */
export const GREETING = frame('-', `\0\x03\0\0user\0postgres\0database\0postgres\0\0`).subarray(1);

export const ASK_FOR_PASSWORD = frame('R', Buffer.from([0, 0, 0, 3]));

/** What a client is told before it is turned away; the code is an SQLSTATE. */
export const refusal = (code: string, reason: string) => frame('E', `SFATAL\0VFATAL\0C${code}\0M${reason}\0\0`);

/** The first whole message of what was received, or null; `typed` unless it is a client's first. */
export function firstMessage(received: Buffer, typed: boolean): Buffer | null {
  const at = typed ? 1 : 0;
  if (received.length < at + 4) return null;
  const length = at + Math.max(4, received.readInt32BE(at));
  return received.length < length ? null : received.subarray(0, length);
}

/** What a client's first message asks for. */
export function greetingOf(message: Buffer): 'to sign in' | 'encryption' | 'something else' {
  const code = message.length < 8 ? 0 : message.readInt32BE(4);
  if (code === PROTOCOL_3) return 'to sign in';
  return code === SSL_REQUEST || code === GSS_REQUEST ? 'encryption' : 'something else';
}

export const isTerminate = (message: Buffer) => message.toString('latin1', 0, 1) === 'X';
