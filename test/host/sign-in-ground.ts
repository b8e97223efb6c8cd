// Where hosts sign in: a gateway server with an identity provider, and one home with the configs that users of all these hosts have, converged by the bridge.
// Nothing here writes an entry of the gateway: what hosts start from is what the bridge made.
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { z } from 'zod';
import { until } from '../walk/deployment.ts';
import { walkPolicy } from '../walk/policy.ts';
import { deploySignIn, type SignInDeployment } from '../walk/sign-in.ts';
import type { ServerLine } from './host.ts';
import { realHosts } from './every.ts';
import { servers } from './trial.ts';

/** The config of a host that is not run here, in the format that most have: what clients without a config of their own start from. */
const plainConfig = '.cursor/mcp.json';

export interface SignInGround {
  readonly at: SignInDeployment;
  readonly home: string;
  /** The config that most hosts could read: names and URLs. */
  readonly plainFile: string;
  readonly urls: Readonly<Record<string, string>>;
  close(): Promise<void>;
}

const Offered = z.array(z.looseObject({ server: z.string(), fingerprint: z.string() }));
const Status = z.looseObject({ servers: z.array(z.looseObject({ server: z.string(), status: z.string() })) });
const Plain = z.object({ mcpServers: z.record(z.string(), z.strictObject({ url: z.string() })) });
const patienceMs = 60_000;

export async function prepareGround(): Promise<SignInGround> {
  // Some hosts come with a document of their maker, which a machine without the Internet can not fetch: they then register, as the others do.
  const file = { clientDocuments: 'none' };
  const policy = walkPolicy({ everything: { tools: ['echo', 'get-sum'] }, memory: { tools: 'all' } });
  const at = await deploySignIn({ policy, file });
  try {
    const { deployment } = at;
    const home = join(deployment.dir, 'home');
    const work = join(home, 'work');
    await mkdir(work, { recursive: true });
    const lines = servers(home);
    const write = async (path: string, text: string): Promise<void> => {
      await mkdir(dirname(join(home, path)), { recursive: true });
      await writeFile(join(home, path), text);
    };
    for (const host of realHosts) await write(host.config, host.configText(lines, work));
    await write(plainConfig, plainText(lines));
    const workstation = await deployment.workstation({
      user: 'ada',
      home,
      profile: { GatewaySlug: 'eng', EnforcementMode: 'enforce', LocalServerApproval: 'gateway' },
    });
    const offers = await until(
      'the servers to be offered',
      async () => {
        const all = Offered.parse(JSON.parse(await deployment.admin('server', 'offered', '--json')));
        return new Set(all.map(({ server }) => server)).size >= 2 && all;
      },
      patienceMs,
    );
    for (const { server, fingerprint } of offers)
      await deployment.admin('server', 'approve', server, '--fingerprint', fingerprint);
    await until(
      'the approvals to be known on the workstation',
      async () => {
        const known = Status.parse(JSON.parse((await workstation.cli('status', '--json')).stdout)).servers;
        return known.length >= 2 && known.every(({ status }) => ['ready', 'running'].includes(status));
      },
      patienceMs,
    );
    const plainFile = join(home, plainConfig);
    const { mcpServers } = Plain.parse(JSON.parse(await readFile(plainFile, 'utf8')));
    const urls = Object.fromEntries(Object.entries(mcpServers).map(([name, { url }]) => [name, url]));
    return { at, home, plainFile, urls, close: () => at.close() };
  } catch (error) {
    await at.close();
    throw error;
  }
}

const plainText = (lines: Readonly<Record<string, ServerLine>>): string =>
  `${JSON.stringify({ mcpServers: lines }, undefined, 2)}\n`;
