// `rule test`: what the rules of a policy, or one rule, would do with what comes on standard input.
import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { Option } from 'commander';
import type { PolicyEngine } from '#contract/engine.ts';
import { Fault } from '#contract/error.ts';
import type { PolicyFile } from '#contract/policy.ts';
import { type RuleScope, ruleScopes } from '#contract/rule.ts';
import { describeProblem, readPolicy } from '../admin/policy-file.ts';
import { printable } from '../admin/print.ts';
import { readRule, rulesOf, type Tried, tryRules } from '../admin/rule-test.ts';
import { createEgress } from '../egress/egress.ts';
import { createEngines } from '../rule/engines.ts';
import { compileDepsOf } from '../rule/loading.ts';
import { openEngineSecret } from '../vault/engine-secret.ts';
import { openKeys } from '../vault/open.ts';
import { command, withStore, type AddCommands, type Common } from './terminal.ts';

interface Flags extends Common {
  readonly file?: string;
  readonly gateway?: string;
  readonly rule?: string;
  readonly inline?: string;
  readonly on: 'request' | 'response';
  readonly for: RuleScope;
}

export const addRule: AddCommands = (program, terminal) => {
  const rule = program.command('rule').description('Rules on what may flow through a gateway.');
  command(rule, 'test', 'Says what rules would do with the sample on standard input: a text, JSON, or a whole MCP message.')
    .option('-f, --file <file>', 'a policy in YAML (default: the one in force)')
    .option('--gateway <slug>', 'whose rules')
    .option('--rule <name>', 'only this one of them')
    .option('--inline <yaml>', "one rule instead, such as '{ method: pii, action: redact }'")
    .addOption(new Option('--on <direction>', 'which way it goes').choices(['request', 'response']).default('request'))
    .addOption(new Option('--for <kind>', 'what it is about').choices(ruleScopes).default('tools'))
    .action(async (flags: Flags) => {
      const policy = await policyOf(flags.file, flags);
      const rules =
        flags.inline === undefined ? rulesOf(policy, flags.gateway ?? onlyOf(policy), flags.rule) : [readRule(flags.inline)];
      const egress = createEgress({ onRefused: () => undefined });
      const engineOf = (slug: string) => Object.entries(policy.engines ?? {}).find(([name]) => name === slug)?.[1];
      const secretOf = (slug: string, engine: PolicyEngine) =>
        withStore(terminal, flags, (store, { dataDir, vaultKeys }) =>
          openEngineSecret({ store, ...openKeys(dataDir, vaultKeys) }, slug, engine),
        );
      try {
        const chunks: Uint8Array[] = [];
        for await (const chunk of terminal.input) chunks.push(chunk);
        if (chunks.length === 0)
          throw new Fault('INPUT_INVALID', { reason: 'nothing came on standard input: pipe a sample in.' });
        const trial = { on: flags.on, scope: flags.for, sample: Buffer.concat(chunks) };
        const deps = { compile: compileDepsOf(randomBytes(32)), engines: createEngines({ engineOf, egress, secretOf }) };
        const tried = await tryRules(rules, trial, deps);
        if (flags.json) return terminal.print(JSON.stringify(tried));
        for (const line of linesOf(tried)) terminal.print(printable(line));
      } finally {
        await egress.close();
      }
    });

  async function policyOf(file: string | undefined, flags: Common): Promise<PolicyFile> {
    if (file === undefined) return (await withStore(terminal, flags, (store) => store.policy())).policy;
    const read = readPolicy(await readFile(file, 'utf8'));
    if (read.kind === 'policy') return read.policy;
    for (const problem of read.problems) terminal.note(printable(describeProblem(file, problem)));
    throw new Fault('FILE_UNUSABLE', { file, reason: 'it is no policy, so nothing was tried.' });
  }
};

function onlyOf({ gateways }: PolicyFile): string {
  const [only, second] = Object.keys(gateways);
  if (only !== undefined && second === undefined) return only;
  throw new Fault('SETTING_INVALID', { setting: '--gateway', reason: 'name the gateway whose rules are meant.' });
}

function linesOf({ outcome, reason, hits, message }: Tried): readonly string[] {
  return [
    ...hits.map(
      ({ rule, action, on, pointer, alert }) => `${rule}: ${action} on ${on} at ${pointer || '/'}${alert ? ', alert' : ''}`,
    ),
    reason ?? outcome,
    ...(outcome === 'changed' ? [typeof message === 'string' ? message : JSON.stringify(message)] : []),
  ];
}
