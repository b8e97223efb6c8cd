// `offboard`: somebody leaves. All that lets them in ends, and the signed report of it is printed; `offboard verify` says whether one is as it was signed.
import { open, readFile, rm } from 'node:fs/promises';
import { Fault } from '#contract/error.ts';
import { SignedReport, signedText } from '#contract/offboarding.ts';
import { Slug } from '#contract/id.ts';
import { offboard, takeBack } from '../admin/offboard.ts';
import { unknownName } from '../admin/suggest.ts';
import { isSignedWith, readSigningKey } from '../caller/signing-key.ts';
import { removeAndRevoke } from '../identity/removal.ts';
import { withSignIns } from './sign-ins.ts';
import { command, dataOption, existingData, withAdmin, type AddCommands, type Common } from './terminal.ts';

interface Flags extends Common {
  readonly out?: string;
  readonly egress?: string;
  readonly undo?: boolean;
}

export const addOffboard: AddCommands = (program, at) => {
  const leaving = program
    .command('offboard')
    .description('Ends all that lets somebody in, at once, and prints the signed report of it.')
    // What stands behind `verify` is its own.
    .enablePositionalOptions()
    .argument('<person>', 'their name')
    .addOption(dataOption())
    .option('--json', 'print JSON')
    .option('--reason <text>', 'why, for the record')
    .option('--out <file>', 'where the report goes, instead of being printed')
    .option('--egress <file>', 'the ways out of `serve`, where a server that they signed in at has one of them')
    .option('--undo', 'let them in again instead; what let them in before stays revoked')
    .action(async (slug: string, flags: Flags) => {
      if (flags.undo === true) {
        const isBack = await withAdmin(at, flags, (acting) => takeBack(acting, slug));
        if (!isBack) throw unknownName('person who was offboarded', slug, [], 'nothing holds them');
        return at.print(flags.json ? JSON.stringify({ slug, back: true }) : `${slug} may come in again`);
      }
      const signingKey = await readSigningKey(existingData(at, flags).dataDir);
      const person = Slug.safeParse(slug);
      if (!person.success) throw unknownName('user', slug, [], 'name one of the policy that is in force');
      // There is one report of what was cut: where it goes is made sure of before anything is.
      const out = flags.out === undefined ? undefined : await reportFile(flags.out);
      const signed = await withSignIns(at, flags, 'https://unknown.invalid', (parts, acting) =>
        offboard(
          {
            ...acting,
            now: Date.now,
            signingKey,
            removeIdentity: (store, id) => removeAndRevoke({ ...parts, store }, id),
          },
          { slug: person.data },
        ),
      ).catch(async (error: unknown) => {
        await out?.remove();
        throw error;
      });
      const { cut, notCut } = signed.report;
      at.note(`${slug}: ${cut.length} cut, ${notCut.length} not.`);
      for (const { what, name, why } of notCut) at.note(`warning: ${what} ${name}: ${why}.`);
      const text = JSON.stringify(signed, undefined, flags.json ? undefined : 2);
      if (out === undefined) return at.print(text);
      await out.write(text).catch((cause: unknown) => {
        at.print(text);
        const reason = 'the report could not be written there, so it is printed: keep that.';
        throw new Fault('FILE_UNUSABLE', { file: flags.out ?? '', reason }, { cause });
      });
    });
  command(leaving, 'verify <file>', 'Says whether a report is as this gateway signed it; fails where it is not.').action(
    async (file: string, flags: Common) => {
      const signed = await readReport(file);
      const key = await readSigningKey(existingData(at, flags).dataDir);
      const { kid, value } = signed.signature;
      if (kid !== key.kid)
        throw new Fault('FILE_UNUSABLE', { file, reason: `it was signed by another key (${kid}), not by this gateway's.` });
      if (!isSignedWith(key, signedText(signed.report), value))
        throw new Fault('FILE_UNUSABLE', { file, reason: 'it is not as it was signed: somebody changed it.' });
      const { user, cut, notCut } = signed.report;
      const when = new Date(signed.report.at).toISOString();
      at.print(
        flags.json
          ? JSON.stringify({ file, signed: true, user: user.slug, at: signed.report.at, cut: cut.length, notCut: notCut.length })
          : `as it was signed: ${user.slug} left at ${when}, ${cut.length} cut, ${notCut.length} not`,
      );
    },
  );
};

/** A new file, which only its owner reads. */
async function reportFile(file: string) {
  const handle = await open(file, 'wx', 0o600).catch((cause: unknown) => {
    const reason = 'it is there already or can not be made, so nobody was offboarded: name another with --out.';
    throw new Fault('FILE_UNUSABLE', { file, reason }, { cause });
  });
  return {
    write: (text: string) => handle.writeFile(`${text}\n`).finally(() => handle.close()),
    async remove() {
      await handle.close();
      await rm(file, { force: true });
    },
  };
}

async function readReport(file: string): Promise<SignedReport> {
  const text = await readFile(file, 'utf8');
  try {
    return SignedReport.parse(JSON.parse(text));
  } catch (cause) {
    throw new Fault('FILE_UNUSABLE', { file, reason: 'it is no report of an offboarding, or somebody changed it.' }, { cause });
  }
}
