// Runs converge or restore on a home and kills itself at a step: `node killed.ts <home> <sealing key> <converge|restore> <step> <nth time>`.
// With the step `hold` it keeps the lock until it is killed, and says so.
import { converge } from '../../../bridge/host/converge.ts';
import { lockHosts } from '../../../bridge/host/lock.ts';
import { restore } from '../../../bridge/host/restore.ts';
import { requestFor, sealerWith } from './fixture.ts';

const [home = '', key = '', what = '', wanted = '', nth = '1'] = process.argv.slice(2);
const request = requestFor(home, await sealerWith(key === '' ? undefined : key));
let left = Number(nth);
const onProgress = ({ step }: { readonly step: string }): void => {
  if (step === wanted && --left === 0) process.kill(process.pid, 'SIGKILL');
};
if (wanted === 'hold') {
  await lockHosts(request.stateDir, undefined);
  process.stdout.write('held\n');
  setInterval(() => {}, 60_000);
} else if (what === 'converge') await converge({ ...request, onProgress });
else await restore({ ...request, onProgress });
