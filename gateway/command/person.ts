// `person`: users whom an identity provider made when they first signed in, and by which account there anybody comes.
import { counted } from '#contract/counted.ts';
import { Fault } from '#contract/error.ts';
import { personTable } from '../admin/print.ts';
import { rebind, removeMadePerson } from '../admin/person.ts';
import { command, deedCommand, withAdmin, withStore, type AddCommands, type Common } from './terminal.ts';

export const addPerson: AddCommands = (program, terminal) => {
  const person = program.command('person').description('Users whom an identity provider made when they first signed in.');
  command(person, 'list', 'Lists them.').action(async (flags: Common) => {
    const people = await withStore(terminal, flags, ({ signIn }) => signIn.madePeople());
    terminal.print(flags.json ? JSON.stringify(people) : personTable(people));
  });
  deedCommand(
    person,
    'remove <slug>',
    'Removes one, with their tokens and workstations; the next sign-in would make them anew.',
  ).action(async (slug: string, flags: Common) => {
    await withAdmin(terminal, flags, (acting) => removeMadePerson(acting, slug, Date.now()));
    terminal.print(flags.json ? JSON.stringify({ slug, removed: true }) : `${slug} removed`);
  });
  deedCommand(
    person,
    'rebind [slug]',
    'Forgets by which account at the identity provider a user comes: the next sign-in with their address says it anew.',
  )
    .option('--issuer <url>', 'of all who come by this issuer, instead of one user')
    .action(async (slug: string | undefined, flags: Common & { issuer?: string }) => {
      const { issuer } = flags;
      if ((slug === undefined) === (issuer === undefined))
        throw new Fault('SETTING_INVALID', { setting: '--issuer', reason: 'name either one user or an issuer.' });
      const forgotten = await withAdmin(terminal, flags, (acting) => rebind(acting, { slug, issuer }, Date.now()));
      terminal.print(flags.json ? JSON.stringify({ slug, issuer, forgotten }) : `${counted(forgotten, 'account')} forgotten`);
    });
};
