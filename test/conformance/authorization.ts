// What the official suite asks of authorization servers, asked of the gateway server itself. The suite says where a person has to go, and a browser without
// a screen goes there: it signs in at an identity provider, consents, and comes back. There is no other server to hold it against: every check has to pass.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { freePort } from '../free-port.ts';
import { deploySignIn, letIn, rawHost, type SignInDeployment } from '../walk/sign-in.ts';
import { inFolder, programs, readScenarios, type Scenario } from './suite.ts';

const scenarios = ['authorization-server-metadata-endpoint', 'authorization-code-grant'] as const;
const withinMs = 60_000;
const policy = {
  version: 1,
  users: { ada: { email: 'ada@example.org', teams: ['everyone'] } },
  teams: { everyone: { gateways: ['eng'] } },
  servers: {},
  gateways: { eng: { assignments: {} } },
};

/** `keep` names a folder that the suite's own files are copied to. */
export async function runAuthorizationSuite(keep?: string): Promise<readonly Scenario[]> {
  const at = await deploySignIn({ policy });
  try {
    return await inFolder(keep, async (dir) => {
      await play(at, dir);
      return readScenarios(dir, scenarios, 'authorization-server-');
    });
  } finally {
    await at.close();
  }
}

/** A client that registers by itself, and has no secret. */
async function play(at: SignInDeployment, dir: string): Promise<void> {
  const { origin } = at.deployment;
  const port = await freePort();
  const { client } = await rawHost(origin, `http://127.0.0.1:${port}/callback`);
  const about = ['--url', origin, '--client-id', client, '--resource', `${origin}/g/eng/mcp`, '--port', String(port)];
  const child = spawn(process.execPath, [programs.next, 'authorization', ...about, '-o', dir], {
    stdio: ['ignore', 'pipe', 'ignore'],
    signal: AbortSignal.timeout(withinMs),
  });
  // One that does not end leaves no result, and so fails.
  const ended = once(child, 'close').catch(() => undefined);
  try {
    for await (const line of createInterface({ input: child.stdout }))
      if (line.startsWith(`${origin}/`)) await (await fetch(await letIn(at.browser(), line, 'ada@example.org'))).text();
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    child.kill();
  }
  await ended;
}
