// `person`: users whom an identity provider made when they first signed in.
import { personTable } from '../admin/print.ts';
import { unknownName } from '../admin/suggest.ts';
import { command, withStore, type AddCommands, type Common } from './terminal.ts';

export const addPerson: AddCommands = (program, terminal) => {
  const person = program.command('person').description('Users whom an identity provider made when they first signed in.');
  command(person, 'list', 'Lists them.').action(async (flags: Common) => {
    const people = await withStore(terminal, flags, ({ signIn }) => signIn.madePeople());
    terminal.print(flags.json ? JSON.stringify(people) : personTable(people));
  });
  command(
    person,
    'remove <slug>',
    'Removes one, with their tokens and workstations; the next sign-in would make them anew.',
  ).action(async (slug: string, flags: Common) => {
    await withStore(terminal, flags, async ({ signIn }) => {
      const known = (await signIn.madePeople()).map((one) => one.slug);
      if (!(await signIn.removePerson(slug, Date.now())))
        throw unknownName('person', slug, known, 'users of the policy file leave with it');
    });
    terminal.print(flags.json ? JSON.stringify({ slug, removed: true }) : `${slug} removed`);
  });
};
