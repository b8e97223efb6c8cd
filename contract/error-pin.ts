// The part of the table in error.ts that is about pins. The rule: it names the item, and nothing of what its server says of it.

export const pinErrors = {
  ITEM_ON_HOLD: {
    status: 200,
    rpc: 7461,
    retry: 'no',
    message:
      'The server "{server}" says something else of the {what} "{name}" than was approved, lists it twice or not at all, or nobody approved it yet, so it is on hold. Ask your administrator.',
  },
  ITEM_NOT_LISTED: {
    status: 200,
    rpc: 7462,
    retry: 'no',
    message: 'The server "{server}" does not list the {what} "{name}", so nobody can say what it is. List them again.',
  },
  PIN_UNKNOWN: {
    status: 404,
    rpc: 7463,
    retry: 'no',
    message: 'There is no such definition: {name}. `drawbridge-gateway pin list --all` shows which there are.',
  },
} as const;
