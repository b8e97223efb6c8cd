// Every operation of the admin API with how it is done: may its actor do it, is what came valid, then it is done. The command line does the same things by the
// same functions. The rule: nothing of an operation runs before its capability, and for a gateway its reach, was asked for.
import { type Operation, type Operations, type Problem, readInput } from '#contract/admin-operation.ts';
import { meOperations } from '#contract/admin-me.ts';
import { auditOperations } from '#contract/admin-audit.ts';
import { accessOperations } from '#contract/admin-access.ts';
import { directoryOperations } from '#contract/admin-directory.ts';
import { engineOperations } from '#contract/admin-engine.ts';
import { gatewayOperations } from '#contract/admin-gateway.ts';
import { pinOperations } from '#contract/admin-pin.ts';
import { previewOperations } from '#contract/admin-preview.ts';
import { policyOperations } from '#contract/admin-policy.ts';
import { roleOperations } from '#contract/admin-role.ts';
import { rolloutOperations } from '#contract/admin-rollout.ts';
import { ruleOperations } from '#contract/admin-rule.ts';
import { serverOperations } from '#contract/admin-server.ts';
import { switchOperations } from '#contract/admin-switch.ts';
import { tokenOperations } from '#contract/admin-token.ts';
import { alertOperations } from '#contract/admin-alert.ts';
import { sinkOperations } from '#contract/admin-sink.ts';
import { teamOperations } from '#contract/admin-team.ts';
import { userOperations } from '#contract/admin-user.ts';
import { Fault } from '#contract/error.ts';
import { type Actor, need, needGateway } from './actor.ts';
import type { AdminContext, HandlersFor } from './context.ts';
import { auditHandlers } from './audit.ts';
import { accessHandlers } from './access.ts';
import { directoryHandlers } from './directory.ts';
import { engineHandlers } from './engine.ts';
import { gatewayHandlers } from './gateway.ts';
import { pinHandlers } from './pin.ts';
import { previewHandlers } from './preview.ts';
import { policyHandlers } from './policy.ts';
import { roleHandlers } from './role.ts';
import { rolloutHandlers } from './rollout-operation.ts';
import { ruleHandlers } from './rule.ts';
import { serverHandlers } from './server.ts';
import { switchHandlers } from './switch.ts';
import { tokenHandlers } from './token-operation.ts';
import { meHandlers } from './me.ts';
import { alertHandlers } from './alert-operation.ts';
import { sinkHandlers } from './sink-operation.ts';
import { teamHandlers } from './team.ts';
import { toldTo } from './told.ts';
import { userHandlers } from './user.ts';

export interface RawInput {
  readonly params: Readonly<Record<string, string>>;
  readonly query: Readonly<Record<string, string>>;
  readonly body: unknown;
}
export interface DoneBy {
  readonly id: string;
  readonly operation: Operation;
  /** Throws CAPABILITY_NEEDED or GATEWAY_NOT_GRANTED where this actor may not do it. */
  allow(actor: Actor, params: RawInput['params']): void;
  /** Rejects as `allow` throws, with INPUT_INVALID, and with whatever the operation refuses. */
  run(context: AdminContext, raw: RawInput): Promise<unknown>;
}

export const doneBy: readonly DoneBy[] = [
  ...bind(meOperations, meHandlers),
  ...bind(userOperations, userHandlers),
  ...bind(teamOperations, teamHandlers),
  ...bind(roleOperations, roleHandlers),
  ...bind(gatewayOperations, gatewayHandlers),
  ...bind(serverOperations, serverHandlers),
  ...bind(tokenOperations, tokenHandlers),
  ...bind(accessOperations, accessHandlers),
  ...bind(sinkOperations, sinkHandlers),
  ...bind(alertOperations, alertHandlers),
  ...bind(switchOperations, switchHandlers),
  ...bind(policyOperations, policyHandlers),
  ...bind(auditOperations, auditHandlers),
  ...bind(rolloutOperations, rolloutHandlers),
  ...bind(pinOperations, pinHandlers),
  ...bind(ruleOperations, ruleHandlers),
  ...bind(engineOperations, engineHandlers),
  ...bind(directoryOperations, directoryHandlers),
  ...bind(previewOperations, previewHandlers),
];

function bind<T extends Operations>(operations: T, handlers: HandlersFor<T>): readonly DoneBy[] {
  return Object.keys(operations).map((id) => bindOne(operations, handlers, id));
}

function bindOne<T extends Operations, K extends keyof T & string>(operations: T, handlers: HandlersFor<T>, id: K): DoneBy {
  const operation = operations[id];
  const handler = handlers[id];
  if (!operation || !handler) throw new Error(`the operation ${id} is not done by anybody`);
  const allow = (actor: Actor, params: RawInput['params']) => {
    const { capability, gateway } = operation;
    if (capability !== 'any') need(actor, capability);
    if (gateway !== undefined) needGateway(actor, params[gateway] ?? '');
  };
  return {
    id,
    operation,
    allow,
    async run(context, raw) {
      allow(context.actor, raw.params);
      const read = readInput(operation, raw);
      if (read.kind === 'invalid') throw invalid(read.problems);
      try {
        return operation.answer.parse(await handler(context, read.input));
      } catch (thrown) {
        throw toldTo(context.actor, thrown);
      }
    },
  };
}

const shownAtMost = 50;

function invalid(problems: readonly Problem[]): Fault {
  const words = problems.slice(0, shownAtMost).map(({ path, message }) => `${path}: ${message}`);
  return new Fault('INPUT_INVALID', { reason: words.join('; ') });
}
