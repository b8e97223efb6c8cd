// The one way for a page to reach the tray program: every channel of contract/ipc.ts, with its sender checked and its payload parsed.
// A message from anything but the top frame of our own page is refused before it is read.
import type { BrowserWindow, IpcMain, IpcMainInvokeEvent } from 'electron';
import type { z } from 'zod';
import { type InvocationName, type PushName, invocation, push } from '#contract/ipc.ts';

type Request<C extends InvocationName> = z.infer<(typeof invocation)[C]['request']>;
type Reply<C extends InvocationName> = z.infer<(typeof invocation)[C]['reply']>;
/** The table again, in the shape in which the compiler connects a channel with its own request and reply. */
const table: {
  readonly [C in InvocationName]: { readonly request: z.ZodType<Request<C>>; readonly reply: z.ZodType<Reply<C>> };
} = invocation;

/** Answers a channel. `ours`: the window whose page may ask, and that page's URL. */
export function answer<C extends InvocationName>(
  ipc: IpcMain,
  channel: C,
  ours: () => { readonly window: BrowserWindow; readonly pageUrl: string } | undefined,
  work: (request: Request<C>) => Reply<C> | Promise<Reply<C>>,
): void {
  ipc.handle(channel, async (event, payload: unknown) => {
    const expected = ours();
    if (!expected || !isFrom(event, expected.window, expected.pageUrl)) throw new Error('refused: not from a page of Drawbridge');
    return table[channel].reply.parse(await work(table[channel].request.parse(payload)));
  });
}

/** Tells a page; dropped where the window is gone. */
export function tell<C extends PushName>(
  window: BrowserWindow | undefined,
  channel: C,
  payload: z.infer<(typeof push)[C]>,
): void {
  if (window && !window.isDestroyed()) window.webContents.send(channel, push[channel].parse(payload));
}

function isFrom(event: IpcMainInvokeEvent, window: BrowserWindow, pageUrl: string): boolean {
  const frame = event.senderFrame;
  return frame !== null && frame === window.webContents.mainFrame && withoutHash(frame.url) === withoutHash(pageUrl);
}

const withoutHash = (url: string) => url.split('#', 1)[0];
