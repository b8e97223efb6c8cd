// `backup` and `restore`: the whole database to a file and back.
import { lockDataDirectory } from '../store/lock.ts';
import { backup } from '../store/backup.ts';
import { restore } from '../store/restore.ts';
import { locationOf, parseDataSettings } from '../settings.ts';
import { command, existingData, type AddCommands, type Common } from './terminal.ts';

export const addBackup: AddCommands = (program, terminal) => {
  const { logger } = terminal;
  command(program, 'backup <file>', 'Writes the whole database to a new file, beside a running `serve`.').action(
    async (file: string, flags: Common) => {
      const { counts } = await backup(locationOf(existingData(terminal, flags)), file, { logger });
      terminal.print(flags.json ? JSON.stringify({ file, counts }) : `wrote ${file}`);
    },
  );
  command(program, 'restore <file>', 'Puts a backup in the place of the database. Stop `serve` first.').action(
    async (file: string, flags: Common) => {
      const settings = parseDataSettings({ data: flags.data }, terminal.around);
      const lock = await lockDataDirectory(settings.dataDir);
      try {
        const { counts } = await restore(file, locationOf(settings), { logger });
        terminal.print(flags.json ? JSON.stringify({ file, counts }) : `restored ${file}`);
      } finally {
        await lock.release();
      }
    },
  );
};
