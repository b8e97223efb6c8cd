// AI hosts that came through the shim: their channel becomes a line of MCP, called by the person whose workstation it is.
// What they may do is decided per message, so that each refusal is on record and reaches the host as an answer.
import { Fault } from '#contract/error.ts';
import type { Caller } from './call.ts';
import type { InForce } from './in-force.ts';
import { serveLine, type LineDeps } from './mcp/line.ts';
import type { AcceptHost } from './tunnel/hub.ts';

export function acceptHosts(
  deps: { inForce: InForce; onUse: (caller: Caller) => void } & Pick<LineDeps, 'pipeline' | 'onRootsChanged' | 'onEnd'>,
): AcceptHost {
  return async ({ workstation, user }, { host, gateway, server }, channel) => {
    const person = deps.inForce.current().people.byId(user);
    if (person === undefined) throw new Fault('GATEWAY_NOT_GRANTED', { gateway });
    const client = `shim:${host}`;
    const caller = {
      user: { id: user, slug: person.slug },
      host,
      client,
      token: null,
      gateway,
      via: 'shim',
      workstation,
    } as const;
    deps.onUse(caller);
    return serveLine({ ...deps, caller, target: { gateway, server }, channel });
  };
}
