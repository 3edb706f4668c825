import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePort, listens } from './ports.ts';
import { missing } from './skip.ts';

export type Nginx = { port: number; close: () => Promise<void> };

/** Where nginx is; what needs it is left out where there is none. */
export function nginxPath(test: Mocha.Context): string {
  const found = ['nginx', '/usr/sbin/nginx'].find((path) => spawnSync(path, ['-v']).status === 0);
  return found ?? missing(test, 'nginx');
}

/** nginx in front of a port, which keeps its connections there and does not ask again when one of them breaks. */
export async function startNginx(path: string, upstream: number, connections: number): Promise<Nginx> {
  const folder = await mkdtemp(join(tmpdir(), 'mythoria-admin-nginx-'));
  const port = await freePort();
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'];
  await writeFile(
    join(folder, 'nginx.conf'),
    `daemon off; master_process off; pid ${folder}/pid; error_log stderr crit;
     worker_rlimit_nofile ${4 * connections + 100};
     events { worker_connections ${3 * connections + 100}; }
     http {
       access_log off;
       ${temporary.map((name) => `${name}_temp_path ${folder}/${name};`).join(' ')}
       upstream app { server 127.0.0.1:${upstream}; keepalive ${connections}; keepalive_requests 1000000; }
       server {
         listen 127.0.0.1:${port} backlog=${connections};
         keepalive_requests 1000000;
         location / {
           proxy_pass http://app;
           proxy_http_version 1.1;
           proxy_set_header Connection "";
           proxy_next_upstream off;
         }
       }
     }`,
  );
  const child: ChildProcess = spawn(path, ['-p', folder, '-c', join(folder, 'nginx.conf')], { stdio: 'ignore' });
  const ended = once(child, 'exit');
  while (!(await listens(port))) {
    if (child.exitCode !== null) throw new Error(`nginx ended with ${child.exitCode}`);
    await sleep(20);
  }
  return {
    port,
    close: async () => {
      child.kill();
      await ended;
      await rm(folder, { recursive: true });
    },
  };
}
