// The one way for a page to reach the tray program: every channel of contract/ipc.ts, with its sender checked and its payload parsed.
// A message from anything but the top frame of our own page is refused before it is read; what fails is a code and a sentence, never a stack.
import { randomUUID } from 'node:crypto';
import type { BrowserWindow, IpcMain, IpcMainInvokeEvent } from 'electron';
import type { z } from 'zod';
import { type InvocationName, type PushName, invocationNames } from '#contract/channel-name.ts';
import { Fault, asFault } from '#contract/error.ts';
import { type Answer, type Reply, type Request, type Told, invocation, push } from '#contract/ipc.ts';

/** The tables again, in the shape in which the compiler connects a channel with what is said on it. */
const asked: {
  readonly [C in InvocationName]: { readonly request: z.ZodType<Request<C>>; readonly reply: z.ZodType<Reply<C>> };
} = invocation;
const told: { readonly [C in PushName]: z.ZodType<Told<C>> } = push;

/** What answers each channel. */
export type Works = { readonly [C in InvocationName]: (request: Request<C>) => Answer<unknown> | Promise<Answer<unknown>> };

/** The window whose page may ask, and that page's URL. */
export type Ours = () => { readonly window: BrowserWindow; readonly pageUrl: string } | undefined;

/** Answers every channel. `onFailure` hears of what nobody expected, with the reference that the page shows. */
export function answerAll(ipc: IpcMain, ours: Ours, works: Works, onFailure: (reference: string, error: unknown) => void): void {
  const answer = <C extends InvocationName>(channel: C, work: Works[C]) =>
    ipc.handle(channel, async (event, payload: unknown): Promise<Answer<unknown>> => {
      try {
        const expected = ours();
        if (!expected || !isFrom(event, expected.window, expected.pageUrl)) throw new Fault('PAGE_FORBIDDEN');
        const request = asked[channel].request.safeParse(payload);
        if (!request.success) throw new Fault('PAGE_REQUEST_INVALID', { channel });
        const result = await work(request.data);
        return result.ok ? { ok: true, value: asked[channel].reply.parse(result.value) } : result;
      } catch (error) {
        const reference = randomUUID();
        const fault = asFault(error, reference);
        if (fault.code === 'INTERNAL') onFailure(reference, error);
        return { ok: false, code: fault.code, message: fault.message };
      }
    });
  for (const channel of invocationNames) answer(channel, works[channel]);
}

/** Tells a page; dropped where the window is gone. */
export function tell<C extends PushName>(window: BrowserWindow | undefined, channel: C, news: Told<C>): void {
  if (window && !window.isDestroyed()) window.webContents.send(channel, told[channel].parse(news));
}

function isFrom(event: IpcMainInvokeEvent, window: BrowserWindow, pageUrl: string): boolean {
  const frame = event.senderFrame;
  if (frame === null || window.isDestroyed()) return false;
  return frame === window.webContents.mainFrame && withoutHash(frame.url) === withoutHash(pageUrl);
}

const withoutHash = (url: string) => url.split('#', 1)[0];
