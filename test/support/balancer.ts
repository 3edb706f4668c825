import { execFileSync } from 'node:child_process';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { Agent, type ClientRequest, get } from 'node:http';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { listens } from './ports.ts';
import { startProgram } from './program.ts';
import { until } from './until.ts';

export type Answer = { status: number | 'lost'; connection: string | undefined; text: string };

/** What a request is answered; `lost` where its connection ends before the answer does. */
export function answered(request: ClientRequest): Promise<Answer> {
  return new Promise((done) => {
    const lost = () => done({ status: 'lost', connection: undefined, text: '' });
    request.on('error', lost).on('response', (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('error', lost);
      response.on('end', () => {
        const { statusCode = 0, headers } = response;
        done({ status: statusCode, connection: headers.connection, text: Buffer.concat(chunks).toString() });
      });
    });
  });
}

export const untilListening = (port: number) => until(() => listens(port), 'it listens');
export const untilRefused = (port: number) => until(async () => !(await listens(port)), 'it takes no connection');

type Replica = { name: string; port: number };

/**
 * nginx that tries nothing twice, and a probe that asks every 250 ms which replica is ready, as a balancer does: a file says
 * so to nginx, which would otherwise have to be reloaded and then ends the connections of its own clients.
 */
export async function startBalancer(nginx: string, folder: string, port: number, replicas: Replica[]) {
  await mkdir(folder, { recursive: true });
  const marker = ({ name }: Replica) => join(folder, `${name}.ready`);
  const names = replicas.map(({ name }) => name);
  /** Who is asked in place of each where that is not ready: the next of them, and so on. */
  const instead = names.slice(1).map((_, index) => ({
    variable: `$instead${index + 1}`,
    pairs: names.map((name, at) => `${name} ${names[(at + index + 1) % names.length]};`).join(' '),
  }));
  const shares = names.slice(1).map((name) => `${Math.floor(100 / names.length)}% ${name};`);
  await writeFile(
    join(folder, 'nginx.conf'),
    `daemon off; pid ${folder}/pid; error_log ${folder}/error.log; worker_processes 1;
     ${process.getuid?.() === 0 ? 'user root;' : ''}
     events { worker_connections 512; }
     http {
       access_log off;
       client_body_temp_path ${folder}/body; proxy_temp_path ${folder}/proxy; fastcgi_temp_path ${folder}/fastcgi;
       uwsgi_temp_path ${folder}/uwsgi; scgi_temp_path ${folder}/scgi;
       keepalive_requests 1000000;
       ${replicas.map((one) => `upstream ${one.name} { server 127.0.0.1:${one.port} max_fails=0; keepalive 32; }`).join('\n')}
       split_clients $request_id $first { ${shares.join(' ')} * ${names[0]}; }
       ${instead.map(({ variable, pairs }) => `map $first ${variable} { ${pairs} }`).join('\n')}
       server {
         listen 127.0.0.1:${port};
         location / {
           set $replica $first;
           ${instead.map(({ variable }) => `if (!-f ${folder}/$replica.ready) { set $replica ${variable}; }`).join('\n')}
           proxy_pass http://$replica;
           proxy_http_version 1.1;
           proxy_set_header Connection "";
           proxy_set_header Host $http_host;
           proxy_next_upstream off;
         }
       }
     }`,
  );
  const ready = new Set<string>();
  let stopped = false;
  const probe = async (replica: Replica) => {
    while (!stopped) {
      const { status } = await answered(get(`http://127.0.0.1:${replica.port}/readyz`, { agent: new Agent() }));
      if (status === 200 && !ready.has(replica.name)) {
        await writeFile(marker(replica), '');
        ready.add(replica.name);
      } else if (status !== 200 && ready.has(replica.name)) {
        await rm(marker(replica));
        ready.delete(replica.name);
      }
      await sleep(250);
    }
  };
  const isReady = (name: string) => until(() => ready.has(name), `${name} is ready`);
  execFileSync(nginx, ['-t', '-q', '-c', join(folder, 'nginx.conf')]);
  const program = startProgram(nginx, ['-c', join(folder, 'nginx.conf')], { settings: {}, cwd: folder });
  const probes = replicas.map(probe);
  await Promise.all([untilListening(port), ...replicas.map(({ name }) => isReady(name))]);
  return {
    ready: isReady,
    errors: () => readFile(join(folder, 'error.log'), 'utf8'),
    stop: async () => {
      stopped = true;
      await Promise.all(probes);
      program.signal('SIGTERM');
      await program.exitCode;
    },
  };
}
