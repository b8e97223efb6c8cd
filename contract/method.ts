// Which methods MCP has, and which are foreign to it: those of extensions and of single vendors. The rule: what could pass for one of MCP's own at a lenient server is
// none of theirs, because policy decides about MCP's own by what they use.
import { z } from 'zod';

/** Requests and notifications of every revision from 2024-11-05 to 2026-07-28, and of the tasks extension. */
const known = [
  'initialize',
  'ping',
  'server/discover',
  'tools/list',
  'tools/call',
  'prompts/list',
  'prompts/get',
  'resources/list',
  'resources/templates/list',
  'resources/read',
  'resources/subscribe',
  'resources/unsubscribe',
  'completion/complete',
  'logging/setLevel',
  'subscriptions/listen',
  'tasks/list',
  'tasks/get',
  'tasks/result',
  'tasks/update',
  'tasks/cancel',
  'sampling/createMessage',
  'elicitation/create',
  'roots/list',
  'notifications/initialized',
  'notifications/cancelled',
  'notifications/progress',
  'notifications/message',
  'notifications/tools/list_changed',
  'notifications/prompts/list_changed',
  'notifications/resources/list_changed',
  'notifications/resources/updated',
  'notifications/roots/list_changed',
  'notifications/elicitation/complete',
  'notifications/subscriptions/acknowledged',
  'notifications/tasks',
  'notifications/tasks/status',
];

/** Case, and whatever stands between letters, tell no two of them apart. */
const spelling = (method: string): string => method.toLowerCase().replaceAll(/[^a-z0-9]/g, '');
const spellings: ReadonlySet<string> = new Set(known.map(spelling));
/** `rpc.` is JSON-RPC's own (JSON-RPC 2.0, section 4). */
const form = /^(?!rpc\.)[A-Za-z0-9$_][A-Za-z0-9$_.:/-]{0,199}$/i;

/** Whether a request or notification of this name is foreign to MCP. */
export function isForeign(method: string): boolean {
  return form.test(method) && !spellings.has(spelling(method));
}

/** The name of a foreign method, such as `vendor/reindex`. */
export const ForeignMethod = z
  .string()
  .regex(form, 'a method is named by letters, digits and $ _ . : / -, and not "rpc."')
  .refine(
    (method) => !spellings.has(spelling(method)),
    'it is a method of MCP itself, or looks like one: what it uses is exposed by tools, prompts, resources or templates',
  );
