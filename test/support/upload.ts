import { parse } from 'node-html-parser';
import type { Client } from './client.ts';
import { textOf } from './page.ts';

/** Sends a form with a file as a browser does, and reads what its page says then. */
export async function upload(client: Client, address: string, body: FormData) {
  const Cookie = [...client.cookies].map((one) => one.join('=')).join('; ');
  const headers = { Cookie, 'Sec-Fetch-Site': 'same-origin', Accept: 'text/html' };
  const answer = await fetch(address, { method: 'POST', body, headers });
  const page = parse(await answer.text());
  return {
    status: answer.status,
    said: textOf(page.querySelector('[role=status].notice')),
    problems: page.querySelectorAll('[role=alert] li').map(textOf),
    page,
  };
}
