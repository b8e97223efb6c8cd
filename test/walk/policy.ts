// Policies that the walk tests share.

const everyone = (gateways: string[]) => ({ everyone: { gateways } });

type Exposed = 'all' | string[];

/** One gateway `eng` for ada (and grace), one gateway `ops` for bob's team only. */
export function walkPolicy(
  servers: Record<
    string,
    {
      tools: Exposed;
      prompts?: Exposed;
      resources?: Exposed;
      templates?: Exposed;
      shareable?: boolean;
      timeoutSeconds?: number;
      reach?: string;
    }
  >,
  { capture }: { readonly capture?: string } = {},
): object {
  return {
    version: 1,
    users: {
      ada: { email: 'ada@example.org', teams: ['everyone'] },
      grace: { email: 'grace@example.org', teams: ['everyone'] },
      bob: { email: 'bob@example.org', teams: ['others'] },
    },
    teams: { ...everyone(['eng']), others: { gateways: ['ops'] } },
    servers: Object.fromEntries(
      Object.entries(servers).map(([name, { shareable = false, timeoutSeconds = 60 }]) => [
        name,
        { kind: 'workstation', shareable, timeoutSeconds },
      ]),
    ),
    gateways: {
      eng: {
        ...(capture !== undefined && { capture }),
        assignments: Object.fromEntries(
          Object.entries(servers).map(([name, { tools, prompts, resources, templates, reach = 'caller' }]) => [
            name,
            { tools, prompts, resources, templates, reach },
          ]),
        ),
      },
      ops: { assignments: {} },
    },
  };
}

/** The launch line of a server program of this repository, as IT lists it in the profile. */
export function nodeServer(script: string, args: string[] = [], env: Record<string, string> = {}): object {
  return { command: process.execPath, args: [script, ...args], env };
}
