// The names of the channels between page and main, alone: the preload script needs them and must stay small, so it loads no schema.
// contract/ipc.ts gives each its schemas; the compiler refuses a name there that is not here, and the other way round.

/** A page asks, main answers. */
export const invocationNames = [
  'companion:current',
  'companion:place',
  'agent:reload',
  'server:restart',
  'server:log',
  'host:diff',
  'host:undo',
  'host:converge',
  'pause:begin',
  'pause:end',
  'device:enroll',
  'diagnostics:copy',
  'diagnostics:save',
  'help:open',
  'login:current',
  'login:choose',
  'companion:quit',
] as const;
export type InvocationName = (typeof invocationNames)[number];

/** Main tells, a page listens. */
export const pushNames = ['companion:changed', 'companion:go'] as const;
export type PushName = (typeof pushNames)[number];
