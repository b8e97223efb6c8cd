// One channel as the rest of the gateway server knows it, over its end in the multiplex: whole messages in and out, and told once that it is over.
import { Assembly, type Budget } from '#contract/assembly.ts';
import type { ChannelEnd, ChannelSink } from '#contract/channel.ts';
import { Fault } from '#contract/error.ts';
import type { Remnant } from '#contract/remnant.ts';
import type { Channel, ChannelEvents } from './hub.ts';

export interface HubChannelDeps {
  readonly limitBytes: number;
  readonly budget: Budget;
  /** `now`: what still waits to be sent is dropped at close(). `drain`: it is sent first. */
  readonly closes: 'now' | 'drain';
  readonly onUse: () => void;
  readonly onOpened: () => void;
  /** Called once, before the events are told. */
  readonly onOver: (fault: Fault | undefined) => void;
}

export class HubChannel implements Channel, ChannelSink {
  #deps: HubChannelDeps;
  #end: ChannelEnd | undefined;
  #events: ChannelEvents | undefined;
  #assembly: Assembly | undefined;
  #isOver = false;

  constructor(deps: HubChannelDeps) {
    this.#deps = deps;
  }

  get isOver(): boolean {
    return this.#isOver;
  }

  get queuedBytes(): number {
    return this.#end?.queuedBytes ?? 0;
  }

  attach(end: ChannelEnd): void {
    this.#end = end;
  }

  /** Messages go to these events from now on. */
  begin(events: ChannelEvents): void {
    const { limitBytes, budget } = this.#deps;
    this.#events = events;
    if (this.#end === undefined) return;
    this.#assembly = new Assembly(this.#end, {
      limitBytes,
      budget,
      onMessage: (body) => events.onMessage(body),
      onAborted: (fault, remnant) => events.onAborted(fault, remnant),
    });
  }

  send(message: Buffer): void {
    if (this.#isOver || this.#end === undefined) throw new Fault('TUNNEL_LOST');
    this.#deps.onUse();
    this.#end.send(message);
  }

  close(): void {
    this.endWith(undefined);
  }

  /** Ends it from here, for the reason that its events are told. */
  endWith(fault: Fault | undefined): void {
    if (this.#isOver) return;
    this.#end?.close(fault, fault === undefined ? this.#deps.closes : 'now');
    this.onClosed(fault);
  }

  onOpened(): void {
    this.#deps.onOpened();
  }

  onChunk(chunk: Buffer, last: boolean): void {
    if (!this.#isOver) this.#assembly?.add(chunk, last);
  }

  onAborted(fault: Fault, remnant?: Remnant): void {
    if (!this.#isOver) this.#assembly?.aborted(fault, remnant);
  }

  onClosed(fault: Fault | undefined): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#assembly?.drop();
    try {
      this.#deps.onOver(fault);
    } finally {
      this.#events?.onClosed(fault);
    }
  }
}
