// The gateway server as an administrator runs it: `serve`, and the commands beside it. Default audit unless asked otherwise, nothing replaced.
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { runProgram, startProgram, type Program } from '../program.ts';

export const gatewayCli = fileURLToPath(new URL('../../../gateway/launch.mjs', import.meta.url));
export const startMs = 60_000;

export interface GatewayOptions {
  readonly node: string;
  readonly env: Readonly<Record<string, string>>;
  readonly dataDir: string;
  /** The port of before, where it must stay the same. */
  readonly port?: number;
  readonly flags?: readonly string[];
}

export interface Gateway extends Program {
  readonly url: string;
  readonly metricsUrl: string;
}

const Listening = z.object({ event: z.literal('listening'), url: z.string(), metricsUrl: z.string() });

/** Resolves when it listens. */
export async function startGateway({ node, env, dataDir, port = 0, flags = [] }: GatewayOptions): Promise<Gateway> {
  const serve = [gatewayCli, 'serve', '--data', dataDir, '--listen', `127.0.0.1:${port}`, '--metrics-listen', '127.0.0.1:0'];
  const program = startProgram({ file: node, args: [...serve, ...flags], env });
  try {
    const { url, metricsUrl } = Listening.parse(JSON.parse((await program.line(/^\{"event":"listening".*$/, startMs))[0]));
    return { ...program, url, metricsUrl };
  } catch (error) {
    await program.close();
    throw error;
  }
}

const Issued = z.object({ token: z.string() });

export interface Administrator {
  apply(policy: string): Promise<void>;
  enrollToken(user: string): Promise<string>;
  hostToken(user: string, gateway: string): Promise<string>;
}

/** Commands on the data of a gateway server that may be running. */
export function administratorOf({ node, env, dataDir }: GatewayOptions): Administrator {
  const run = (...args: string[]): Promise<string> =>
    runProgram(
      { file: node, args: [gatewayCli, ...args, '--data', dataDir, '--json'], env: { ...env, NODE_OPTIONS: '' } },
      startMs,
    );
  const issue = async (...args: string[]): Promise<string> => Issued.parse(JSON.parse(await run('token', ...args))).token;
  return {
    async apply(policy) {
      const file = join(dataDir, 'policy.yaml');
      await writeFile(file, policy);
      await run('apply', '-f', file);
    },
    enrollToken: (user) => issue('enroll', '--user', user),
    hostToken: (user, gateway) => issue('host', '--gateway', gateway, '--host', 'bench', '--user', user),
  };
}
