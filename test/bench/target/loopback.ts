// Loaded before a program that listens on every interface (`node --import`): it then listens on 127.0.0.1 only, and says on which port.
import net from 'node:net';

const listen = net.Server.prototype.listen;
net.Server.prototype.listen = function (this: net.Server, port?: unknown, ...rest: unknown[]): net.Server {
  const onListening = rest.findLast((value) => typeof value === 'function');
  this.once('listening', () => {
    const address = this.address();
    if (address !== null && typeof address === 'object') process.stderr.write(`bench: listening on ${address.port}\n`);
    if (typeof onListening === 'function') onListening();
  });
  const asked = typeof port === 'object' && port !== null && 'port' in port ? port.port : port;
  return listen.call(this, { host: '127.0.0.1', port: Number(asked) });
};
