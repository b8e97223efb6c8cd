// `host`: the apps and agents that were used here, and which of them are let in. What is decided is about the identity that somebody vouches for, never about a name
// that a host gives itself.
import { proofOfHost } from '#contract/host-identity.ts';
import { decideHost, showHost } from '../admin/host.ts';
import { hostTable, hostText } from '../admin/print.ts';
import { unknownName } from '../admin/suggest.ts';
import { command, deedCommand, withAdmin, withStore, type AddCommands, type Common } from './terminal.ts';

const decisions = [
  ['allow', 'allowed', 'Lets a host in, also where only those on the list are, and also before it comes for the first time.'],
  ['block', 'blocked', 'Turns a host away: its calls, sign-ins and tokens are refused from the next request on.'],
] as const;

export const addHost: AddCommands = (program, terminal) => {
  const host = program.command('host').description('Apps and agents that were used here, and which of them are let in.');
  command(host, 'list', 'Lists them: what vouches for each, who used it first and last, where, and what was decided.').action(
    async (flags: Common) => {
      const seen = await withStore(terminal, flags, (store) => store.hosts());
      const shown = seen.map((one) => ({ ...one, proof: proofOfHost(one.id) }));
      terminal.print(flags.json ? JSON.stringify(shown) : hostTable(shown));
    },
  );
  command(host, 'show <id>', 'Shows one: who used it at which gateway, since when, and what people let it in for.').action(
    async (id: string, flags: Common) => {
      const shown = await withStore(terminal, flags, (store) => showHost(store, id));
      terminal.print(flags.json ? JSON.stringify(shown) : hostText(shown));
    },
  );
  for (const [name, state, description] of decisions)
    deedCommand(host, `${name} <id>`, description).action(async (id: string, flags: Common) => {
      const isNew = await withAdmin(terminal, flags, async (acting) => {
        const came = (await acting.store.hosts()).map((one) => one.id);
        if (!/^\S+$/.test(id)) throw unknownName('host', id, came, 'none came so far');
        if (!came.includes(id)) terminal.note(`No host ${id} came so far: \`host list\` shows those that did.`);
        return await decideHost(acting, id, state, Date.now());
      });
      terminal.print(flags.json ? JSON.stringify({ id, state, changed: isNew }) : `${id} ${isNew ? '' : 'was already '}${state}`);
    });
};
