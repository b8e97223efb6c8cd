// The part of the table in error.ts that is about rules on what may flow. The rule: an answer names the rule, and never what it found.

export const ruleErrors = {
  RULE_BLOCKED: {
    status: 200,
    rpc: 7451,
    retry: 'no',
    message: 'The rule "{rule}" of this gateway blocks this {what}. Ask your administrator.',
  },
  RULE_UNDECIDED: {
    status: 200,
    rpc: 7452,
    retry: 'safe',
    message: 'The rule "{rule}" of this gateway could not decide about this {what}, so it is blocked: {reason}. Try again later.',
  },
  RULE_PATTERN: { status: 400, rpc: 7400, retry: 'no', message: 'The pattern {pattern} can not be used: {reason}.' },
  ENGINE_SECRET_MISSING: {
    status: 409,
    rpc: 7409,
    retry: 'no',
    message:
      'The value of the header {header} of the engine "{engine}" {reason}. Set it with `drawbridge-gateway engine secret set {engine}`.',
  },
  ENGINE_FAILED: { status: 502, rpc: 7502, retry: 'safe', message: 'The engine "{engine}" could not decide: {reason}.' },
} as const;
