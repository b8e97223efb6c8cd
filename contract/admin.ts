// The admin API: all of its operations in one table. The rule: what is not in it is not served, and whatever is declares the capability that it needs.
import { auditOperations } from './admin-audit.ts';
import { accessOperations } from './admin-access.ts';
import { alertOperations } from './admin-alert.ts';
import { directoryOperations } from './admin-directory.ts';
import { engineOperations } from './admin-engine.ts';
import { gatewayOperations } from './admin-gateway.ts';
import { meOperations } from './admin-me.ts';
import { adminPath, type Operation } from './admin-operation.ts';
import { pinOperations } from './admin-pin.ts';
import { previewOperations } from './admin-preview.ts';
import { policyOperations } from './admin-policy.ts';
import { roleOperations } from './admin-role.ts';
import { rolloutOperations } from './admin-rollout.ts';
import { ruleOperations } from './admin-rule.ts';
import { serverOperations } from './admin-server.ts';
import { sinkOperations } from './admin-sink.ts';
import { switchOperations } from './admin-switch.ts';
import { teamOperations } from './admin-team.ts';
import { tokenOperations } from './admin-token.ts';
import { userOperations } from './admin-user.ts';

export const operations = {
  ...meOperations,
  ...userOperations,
  ...teamOperations,
  ...roleOperations,
  ...gatewayOperations,
  ...serverOperations,
  ...tokenOperations,
  ...accessOperations,
  ...sinkOperations,
  ...alertOperations,
  ...switchOperations,
  ...policyOperations,
  ...auditOperations,
  ...rolloutOperations,
  ...pinOperations,
  ...ruleOperations,
  ...engineOperations,
  ...directoryOperations,
  ...previewOperations,
} satisfies Readonly<Record<string, Operation>>;

export type AdminOperations = typeof operations;
export type OperationId = keyof AdminOperations;
export const operationIds = Object.keys(operations) as readonly OperationId[];

/** The operation as what all of them have in common. */
export function operationOf(id: OperationId): Operation {
  return operations[id];
}

/** Where an operation is asked, with its parameters in place: `/api/v1/teams/eng`. */
export function pathOf({ path }: Pick<Operation, 'path'>, params: Readonly<Record<string, string>>): string {
  return adminPath + path.replaceAll(/\{([a-z]+)\}/gi, (_, name: string) => encodeURIComponent(params[name] ?? ''));
}
