// `backup` and `restore`: the whole database to a file and back, beside a running `serve`. The keys in the data directory are in no backup.
import { join } from 'node:path';
import { locationOf, parseDataSettings } from '../settings.ts';
import { backup } from '../store/backup.ts';
import { restore } from '../store/restore.ts';
import { command, existingData, type AddCommands, type Common } from './terminal.ts';

export const addBackup: AddCommands = (program, terminal) => {
  const { logger } = terminal;
  command(program, 'backup <file>', 'Writes the whole database to a new file.').action(async (file: string, flags: Common) => {
    const { counts } = await backup(locationOf(existingData(terminal, flags)), file, { logger });
    terminal.print(flags.json ? JSON.stringify({ file, counts }) : `wrote ${file}: ${rows(counts)}`);
  });
  command(
    program,
    'restore <file>',
    'Brings a backup back. Into a database in use: all but its audit records; what was revoked since stays revoked.',
  ).action(async (file: string, flags: Common) => {
    const settings = parseDataSettings({ data: flags.data }, terminal.around);
    const backupDirectory = join(settings.dataDir, 'backup');
    const { mode, counts } = await restore(file, locationOf(settings), { logger, backupDirectory });
    const left = mode === 'merged' ? '; the audit records were left as they are' : '';
    terminal.print(flags.json ? JSON.stringify({ file, mode, counts }) : `restored ${file}: ${rows(counts)}${left}`);
  });
};

function rows(counts: Readonly<Record<string, number>>): string {
  return `${Object.values(counts).reduce((sum, count) => sum + count, 0)} rows`;
}
