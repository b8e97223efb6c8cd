// Local stdio servers as the tunnel sees them: open one by name and fingerprint, write messages, read messages, close.
import type { Fault } from '#contract/error.ts';
import type { Fingerprint, Slug } from '#contract/id.ts';
import type { Remnant } from '#contract/remnant.ts';

/** One running child behind a channel. */
export interface LocalServer {
  /** Writes part of a message to the child's stdin (`last`: its end, a newline follows). Resolves when the pipe took it: back-pressure. */
  write(chunk: Buffer, last: boolean): Promise<void>;
  /** Ends the child and its whole process tree. Idempotent. */
  close(): Promise<void>;
}

export interface LocalServerEvents {
  /** One whole line of the child's stdout, without its newline. Reading pauses until a returned promise resolves: back-pressure. */
  onMessage(line: Buffer): void | Promise<void>;
  /** A line over the limit is being read away; the child lives. Called again, with its tail, where its end came later. */
  onOversize(fault: Fault, remnant: Remnant): void;
  /** The child is gone; called once, also after close(). `fault` is undefined where close() was called first. */
  onExit(fault: Fault | undefined): void;
}

export interface Pool {
  /**
   * Checks the sanction, starts the child and resolves when it runs. `host`: the AI host that calls, whose own entry counts where several have this
   * fingerprint. Rejects with SERVER_NOT_OFFERED, SERVER_NOT_APPROVED, SERVER_DENIED, SERVER_CONFLICT, SERVER_START_FAILED, SERVER_BACKING_OFF or BUSY.
   */
  open(server: Slug, fingerprint: Fingerprint, events: LocalServerEvents, host?: string): Promise<LocalServer>;
  /** Ends every child. Idempotent. */
  close(): Promise<void>;
}
