import { type AddressInfo, createServer, type Socket } from 'node:net';
import { createSecureContext, TLSSocket } from 'node:tls';

/** Signed by itself, for database.test, and good for nothing but these tests. */
const CERTIFICATE = `-----BEGIN CERTIFICATE-----
MIIBojCCAUegAwIBAgIUDt9HLbfoN2fsbPdBfp21rh4NdeQwCgYIKoZIzj0EAwIw
GDEWMBQGA1UEAwwNZGF0YWJhc2UudGVzdDAgFw0yNjExMjgwNzE5NDRaGA8yMTI2
MTEwNDA3MTk0NFowGDEWMBQGA1UEAwwNZGF0YWJhc2UudGVzdDBZMBMGByqGSM49
AgEGCCqGSM49AwEHA0IABO1XIG/wgIsv91HC97scYWsf3mEni7gN/guBcqhe55ez
z4EAcin4XV5+pimOAhZF33HK9098dmE613YuzRxDljGjbTBrMB0GA1UdDgQWBBRH
YHxJedX6qNlK4ILg0xQO3aKcEDAfBgNVHSMEGDAWgBRHYHxJedX6qNlK4ILg0xQO
3aKcEDAPBgNVHRMBAf8EBTADAQH/MBgGA1UdEQQRMA+CDWRhdGFiYXNlLnRlc3Qw
CgYIKoZIzj0EAwIDSQAwRgIhAPhu/V6IMUnhLqycd3kY2SIvezrMhUfTtvaHOORJ
rjoRAiEA/8mCR+5MUzDwyclELnYJ/XbSaYmOHoBdjPoQDEatxQ8=
-----END CERTIFICATE-----`;
const KEY = `-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgeuFI3IqHuWQWMKH7
SLW0T7tnS4HopKEMXP6C9nntGWGhRANCAATtVyBv8ICLL/dRwve7HGFrH95hJ4u4
Df4LgXKoXueXs8+BAHIp+F1efqYpjgIWRd9xyvdPfHZhOtd2Ls0cQ5Yx
-----END PRIVATE KEY-----`;

export type RefusingServer = { host: string; url: string; close: () => Promise<void> };

const ASKS_FOR_TLS = 80_877_103;

/** Speaks just enough of PostgreSQL's protocol to refuse with an error, over TLS where that is asked for. */
export async function startRefusingServer(code: string, message: string): Promise<RefusingServer> {
  const fields = `SFATAL\0VFATAL\0C${code}\0M${message}\0\0`;
  const refusal = Buffer.alloc(5 + Buffer.byteLength(fields));
  refusal.write('E');
  refusal.writeInt32BE(refusal.length - 1, 1);
  refusal.write(fields, 5);

  const sockets = new Set<Socket>();
  const refuse = (socket: Socket) => socket.once('data', () => socket.end(refusal)).on('error', () => {});
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
    socket.once('data', (first) => {
      if (first.readInt32BE(4) !== ASKS_FOR_TLS) {
        socket.end(refusal);
        return;
      }
      socket.write('S');
      const secureContext = createSecureContext({ cert: CERTIFICATE, key: KEY });
      refuse(new TLSSocket(socket, { isServer: true, secureContext }));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const host = `localhost:${(server.address() as AddressInfo).port}`;
  return {
    host,
    url: `postgres://ana:wrong@${host}/workflows`,
    close: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
