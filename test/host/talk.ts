// A question put to a real host, with a model on loopback that calls one tool; or a command of the host's own.
// What the host would reach outside this machine goes through a proxy that refuses and remembers it.
import { startModel } from '../fake/model/model.ts';
import type { RealHost } from './host.ts';
import { type Ran, runHost } from './run.ts';

/** What was seen of one run. */
export interface Talk extends Ran {
  /** The tools that the host offered to its model, by the host's own names. */
  readonly offered: readonly string[];
  /** What the host brought back as the result of the call; undefined where it brought nothing. */
  readonly result: string | undefined;
  /** Places outside this machine that the host wanted to reach. */
  readonly outside: readonly string[];
}

export interface Call {
  readonly server: string;
  readonly tool: string;
  readonly arguments: Readonly<Record<string, unknown>>;
  /** The one tool of this server that the user allows by a flag. */
  readonly allowed: string;
  /** Absent: the call's own. */
  readonly neededServer?: string;
}

/** Its model calls the tool as the host offers it, or by the name it would have, where it is not offered. */
export async function talk(host: RealHost, home: string, call: Call): Promise<Talk> {
  return await withModel(host, call, async (modelUrl) => {
    const asked = host.ask({
      text: `Call the tool ${call.tool} of the server ${call.server}.`,
      modelUrl,
      allowed: host.toolName(call.server, call.allowed),
      needed: call.neededServer ?? call.server,
    });
    return await runHost(host, { home, proxy: modelUrl, ...asked });
  });
}

/** A command of the host that asks no model, such as its own list of its servers; undefined where it has none. */
export async function command(host: RealHost, home: string, args: readonly string[] | undefined): Promise<Talk | undefined> {
  if (args === undefined) return undefined;
  return await withModel(host, { server: '', tool: '', arguments: {}, allowed: '' }, async (modelUrl) => {
    const { env } = host.ask({ text: '', modelUrl, allowed: '', needed: '' });
    return await runHost(host, { home, proxy: modelUrl, args, env });
  });
}

async function withModel(host: RealHost, call: Call, run: (modelUrl: string) => Promise<Ran>): Promise<Talk> {
  const model = await startModel(host.wire, {
    tool: call.tool,
    arguments: call.arguments,
    otherwise: host.toolName(call.server, call.tool),
  });
  try {
    const ran = await run(model.url);
    return { ...ran, offered: model.offered(), result: model.results().at(-1), outside: model.outside() };
  } finally {
    await model.close();
  }
}
