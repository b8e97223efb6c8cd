// The part of the table in error.ts for what a host was given to bring back: the state of a call that asked it something, and the ids of tasks; and for what
// it did not declare. The rule: words say why it is of no use, so that a host knows to begin anew, and nothing of whose it was.

export const stateErrors = {
  STATE_FORGED: {
    status: 400,
    rpc: -32602,
    retry: 'no',
    message: 'The requestState was not made by this gateway server, or was altered. Send the request anew without it.',
  },
  STATE_FOREIGN: {
    status: 400,
    rpc: -32602,
    retry: 'no',
    message:
      'The requestState belongs to another request: another user, AI host, gateway, method or other parameters. Send the request anew without it.',
  },
  STATE_EXPIRED: {
    status: 400,
    rpc: -32602,
    retry: 'no',
    message: 'The requestState is too old: what it waited for was given up. Send the request anew without it.',
  },
  STATE_USED: {
    status: 400,
    rpc: -32602,
    retry: 'no',
    message: 'The requestState was used already, or its call is over. Send the request anew without it.',
  },
  STATE_LOST: {
    status: 400,
    rpc: -32602,
    retry: 'unknown',
    message:
      'This call ended with the process of the gateway server that held it. It may or may not have run: check before you send the request anew, without the requestState.',
  },
  TASK_UNKNOWN: {
    status: 200,
    rpc: -32602,
    retry: 'no',
    message: 'There is no such task here. Use the taskId as it was given when the task began.',
  },
  TASK_FOREIGN: {
    status: 200,
    rpc: -32602,
    retry: 'no',
    message: 'This task was begun by another user, or at another gateway or server.',
  },
  TASK_OTHER_ERA: {
    status: 200,
    rpc: 7505,
    retry: 'no',
    message:
      'The server "{server}" began a task of MCP {theirs}, and this AI host speaks {ours}. Tasks of the two are not translated: use an AI host that speaks {theirs}.',
  },
  CAPABILITY_MISSING: {
    status: 400,
    rpc: -32021,
    retry: 'no',
    message: 'The server "{server}" needs of the AI host what this request did not declare: {capabilities}.',
  },
} as const;
