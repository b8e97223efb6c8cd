// What an AI host gets on the line of the shim, message by message.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { expect, test } from 'vitest';
import { proves } from '../requirement.ts';
import { deploy, until } from './deployment.ts';
import { nodeServer, walkPolicy } from './policy.ts';
import { root } from './program.ts';

test('a request that is refused unread is answered with its id, where it says one', async ({ onTestFinished }) => {
  proves('protocol.refused-by-id', {
    file: 'gateway/mcp/line.ts',
    find: "id ?? refusedId(body) ?? 'null'",
    replace: "id ?? 'null'",
  });
  const deployment = await deploy({ policy: walkPolicy({ counting: { tools: 'all' } }) });
  onTestFinished(() => deployment.close());
  const { stateDir } = await deployment.workstation({
    user: 'ada',
    profile: { LocalServers: { counting: nodeServer(join(root, 'test/fake/local-server/counting.ts')) } },
  });
  const url = `${deployment.origin}/g/eng/s/counting/mcp`;
  const shim = spawn(process.execPath, [join(root, 'bridge/cli.ts'), 'connect', '--state', stateDir, '--host', 'test', url], {
    stdio: ['pipe', 'pipe', 'ignore'],
  });
  onTestFinished(async () => {
    shim.kill();
    if (shim.exitCode === null && shim.signalCode === null) await once(shim, 'exit');
  });
  const said: { id: unknown; error?: { code: number } }[] = [];
  createInterface({ input: shim.stdout }).on('line', (line) => said.push(JSON.parse(line)));
  for (const line of [
    '{"jsonrpc":"2.0","id":7,"method":"tools/list","params":{"a":1,"a":2}}',
    '{"jsonrpc":"2.0","id":"eight","method":"tools/list","params":[]}',
    '{"jsonrpc":"2.0","id":9,"ID":10,"method":"tools/list"}',
    '{"jsonrpc":"2.0","method":"notifications/x","params":[]}',
  ])
    shim.stdin.write(`${line}\n`);
  await until('four answers', () => Promise.resolve(said.length === 4));
  expect(said.map(({ id, error }) => [id, error?.code]).toSorted()).toEqual(
    [
      [7, -32600],
      ['eight', -32600],
      [null, -32600],
      [null, -32600],
    ].toSorted(),
  );
});
