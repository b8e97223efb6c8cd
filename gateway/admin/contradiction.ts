// What a policy says that can't hold together: each part is valid, and not with the others. Pure.
// Rule: what would only fail at a call, and then for everybody, is found before it is applied.
import type { PolicyFile } from '#contract/policy.ts';

export interface Contradiction {
  readonly path: readonly string[];
  readonly at: 'key' | 'value';
  readonly message: string;
}

export function contradictions({ servers, gateways }: PolicyFile): readonly Contradiction[] {
  const found: Contradiction[] = [];
  for (const [name, server] of Object.entries(servers)) {
    if (server.kind !== 'remote') continue;
    const { auth, header, oauth } = server;
    if (header !== undefined && auth !== 'header' && auth !== 'auto')
      found.push({ path: ['servers', name, 'header'], at: 'key', message: 'it is of no use without auth: header' });
    if (oauth !== undefined && auth !== 'oauth' && auth !== 'auto')
      found.push({ path: ['servers', name, 'oauth'], at: 'key', message: 'it is of no use without auth: oauth' });
  }
  const serverOf = new Map(Object.entries(servers));
  for (const [gateway, { assignments }] of Object.entries(gateways)) {
    for (const [name, { identity, reach }] of Object.entries(assignments)) {
      const server = serverOf.get(name);
      if (!server) continue;
      const path = ['gateways', gateway, 'assignments', name];
      const takesIdentity = server.kind === 'remote' && server.auth !== 'none';
      if (takesIdentity && server.auth !== 'auto' && identity === 'none')
        found.push({ path, at: 'key', message: `the server "${name}" wants an identity: add identity: own or identity: shared` });
      if (!takesIdentity && identity !== 'none')
        found.push({ path: [...path, 'identity'], at: 'value', message: `the server "${name}" takes none` });
      if (server.kind === 'remote' && reach !== 'caller')
        found.push({ path: [...path, 'reach'], at: 'value', message: `the server "${name}" is remote, and on no workstation` });
    }
  }
  return found;
}
