// Debian's rsyslog as a receiver over TLS: syslog by octet counting on a port of loopback, each message with its structured data as a line of JSON in a file.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';

export const rsyslogd = ['/usr/sbin/rsyslogd', '/sbin/rsyslogd'].find((path) => existsSync(path));

export interface Rsyslog {
  readonly file: string;
  stop(signal?: NodeJS.Signals): Promise<void>;
}

/** Starts it and waits until it listens. `certificate` for 127.0.0.1, as PEM files. */
export async function startRsyslog(of: {
  readonly folder: string;
  readonly port: number;
  readonly certificate: { readonly key: string; readonly cert: string };
}): Promise<Rsyslog> {
  const { folder, port, certificate } = of;
  const file = join(folder, 'received.jsonl');
  const configuration = join(folder, 'rsyslog.conf');
  await writeFile(
    configuration,
    `global(workDirectory="${folder}" maxMessageSize="64k" defaultNetstreamDriver="gtls"
  defaultNetstreamDriverCAFile="${certificate.cert}" defaultNetstreamDriverCertFile="${certificate.cert}" defaultNetstreamDriverKeyFile="${certificate.key}")
module(load="imtcp" streamDriver.name="gtls" streamDriver.mode="1" streamDriver.authMode="anon")
template(name="whole" type="list" option.jsonf="on") {
  property(outname="app" name="app-name" format="jsonf")
  property(outname="msgid" name="msgid" format="jsonf")
  property(outname="severity" name="syslogseverity" format="jsonf")
  property(outname="facility" name="syslogfacility" format="jsonf")
  property(outname="data" name="structured-data" format="jsonf")
  property(outname="text" name="msg" format="jsonf")
}
input(type="imtcp" port="${port}" address="127.0.0.1" ruleset="keep")
ruleset(name="keep") { action(type="omfile" file="${file}" template="whole") }
`,
  );
  if (rsyslogd === undefined) throw new Error('there is no rsyslogd');
  const child = spawn(rsyslogd, ['-n', '-f', configuration, '-i', join(folder, 'rsyslog.pid')], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let said = '';
  child.stderr.on('data', (chunk: Buffer) => (said += chunk.toString()));
  await listening(child, port, () => said);
  return {
    file,
    async stop(signal = 'SIGTERM') {
      if (child.exitCode !== null || child.signalCode !== null) return;
      child.kill(signal);
      await once(child, 'exit');
    },
  };
}

async function listening(child: ChildProcess, port: number, said: () => string): Promise<void> {
  for (let tries = 0; tries < 400; tries++) {
    if (child.exitCode !== null) throw new Error(`rsyslogd ended: ${said()}`);
    const socket = connect(port, '127.0.0.1');
    const isThere = await Promise.race([once(socket, 'connect').then(() => true), once(socket, 'error').then(() => false)]).catch(
      () => false,
    );
    socket.destroy();
    if (isThere) return;
    await wait(50);
  }
  throw new Error(`rsyslogd does not listen: ${said()}`);
}
