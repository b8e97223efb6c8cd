// The key of a session with a local server. It is long, and V8 hashes a text anew each time that it was put together anew, so who calls again gets the same text again.
// The rule: it says all that tells sessions apart, whatever is remembered.
import type { Assignment, Destination } from '../call.ts';

/** Whose session it is (of a conversation, or of all who share it), and what the server is told of its host. */
export interface Asker {
  readonly owner: string;
  readonly host: string;
  /** What its host can be asked, as JSON text. */
  readonly declared: string;
}
interface Made extends Asker, Destination {
  readonly key: string;
}
/** In all: conversations that are over leave theirs behind. */
const rememberAtMost = 2000;

export function createSessionKeys(): (assignment: Assignment, asker: Asker, destination: Destination) => string {
  /** A policy that changed has other assignments: what was remembered of the old ones goes with them. */
  let byAssignment = new WeakMap<Assignment, Map<string, Made>>();
  let remembered = 0;

  return (assignment, { owner, host, declared }, { workstation, fingerprint }) => {
    const last = byAssignment.get(assignment)?.get(owner);
    if (last?.host === host && last.declared === declared && last.workstation === workstation && last.fingerprint === fingerprint)
      return last.key;
    const key = `${owner}\n${host}\n${workstation}\n${assignment.server.slug}\n${fingerprint}\n${declared}`;
    if (remembered++ >= rememberAtMost) {
      byAssignment = new WeakMap();
      remembered = 1;
    }
    const made = byAssignment.get(assignment) ?? new Map<string, Made>();
    byAssignment.set(assignment, made.set(owner, { owner, host, declared, workstation, fingerprint, key }));
    return key;
  };
}
