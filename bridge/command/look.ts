// Commands that only look: `status`, `posture`, `profile explain`. The first asks the running agent, the others read files, so that they also work without one.
import { Option } from 'commander';
import { explain as explainProfile, explainInWords } from '../profile/explain.ts';
import { exitCodeOf, formatted, postureFormats } from '../posture/format.ts';
import type { PostureFormat } from '../posture/format.ts';
import { postureFilePath, readTrustedPosture } from '../posture/status-file.ts';
import { askState } from '../socket/ask.ts';
import { socketPath } from '../socket/path.ts';
import { deviceOf } from '../location.ts';
import { homeOption, jsonOption, profileOf, profileOption, stateOption } from './terminal.ts';
import type { AddCommands, Common } from './terminal.ts';
import { statusInWords } from './words.ts';

interface PostureFlags extends Common {
  readonly format: PostureFormat;
}

export const addLook: AddCommands = (program, terminal) => {
  const { around } = terminal;
  program
    .command('status')
    .description('Shows what is true now: connection, local servers, AI hosts, what needs attention.')
    .addOption(stateOption())
    .addOption(jsonOption())
    .action(async (_: unknown, command: { optsWithGlobals(): Common }) => {
      const flags = command.optsWithGlobals();
      const { stateDir } = deviceOf(flags, around);
      const asked = await askState(socketPath(stateDir, around.platform, around.uid), around.uid);
      if (asked.kind === 'answered') {
        terminal.print(flags.json === true ? JSON.stringify(asked.value) : statusInWords(asked.value, Date.now()));
        return;
      }
      if (flags.json === true) terminal.print(JSON.stringify({ running: false }));
      const why = asked.kind === 'failed' ? asked.message : 'Start it with "drawbridge agent".';
      terminal.note(`drawbridge: no agent answers for ${stateDir}. ${why}`);
      terminal.exitWith(1);
    });
  program
    .command('posture')
    .description('Prints the posture for MDM tools. Exit code: 0 compliant, 1 noncompliant, 2 stale, absent or unknown, 3 error.')
    .addOption(
      new Option('--format <format>', 'what the reader wants; exit-code prints nothing').choices(postureFormats).default('json'),
    )
    .addOption(stateOption())
    .addOption(homeOption())
    .addOption(profileOption())
    .action(async (_: unknown, command: { optsWithGlobals(): PostureFlags }) => {
      const flags = command.optsWithGlobals();
      const device = deviceOf(flags, around);
      const { profile } = await profileOf(device, around);
      const path = profile.PostureStatusPath ?? (await postureFilePath({ ...device, ...around }));
      const file = await readTrustedPosture(path, around.uid);
      const now = Date.now();
      const text = formatted(flags.format, file, now).trimEnd();
      if (text !== '') terminal.print(text);
      terminal.exitWith(exitCodeOf(file, now));
    });
  program
    .command('profile')
    .description('What IT set.')
    .command('explain')
    .description('Shows each setting with its value, where that came from, its default and what it does.')
    .addOption(stateOption())
    .addOption(profileOption())
    .addOption(jsonOption())
    .action(async (_: unknown, command: { optsWithGlobals(): Common }) => {
      const flags = command.optsWithGlobals();
      const reading = await profileOf(deviceOf(flags, around), around);
      const { file, findings } = reading;
      terminal.print(
        flags.json === true
          ? JSON.stringify({ file, findings, settings: explainProfile(reading) })
          : explainInWords(reading).trimEnd(),
      );
    });
};
