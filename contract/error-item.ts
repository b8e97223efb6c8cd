// The part of the table in error.ts that is about one tool, prompt, resource or resource template: there is none of that name, or it may not be used.
// The rule: what is not provisioned is answered alike whether it exists or not, so that an answer tells nobody what a server has.

export const itemErrors = {
  TOOL_UNKNOWN: { status: 200, rpc: -32602, retry: 'no', message: 'There is no tool "{tool}" here. List the tools again.' },
  TOOL_NOT_PROVISIONED: {
    status: 200,
    rpc: 7403,
    retry: 'no',
    message: 'The tool "{tool}" is not provisioned on this gateway. Ask your administrator.',
  },
  PROMPT_UNKNOWN: {
    status: 200,
    rpc: -32602,
    retry: 'no',
    message: 'There is no prompt "{prompt}" here. List the prompts again.',
  },
  PROMPT_NOT_PROVISIONED: {
    status: 200,
    rpc: 7403,
    retry: 'no',
    message: 'The prompt "{prompt}" is not provisioned on this gateway. Ask your administrator.',
  },
  RESOURCE_UNKNOWN: {
    status: 200,
    rpc: -32602,
    retry: 'no',
    message: 'There is no resource "{resource}" here. List the resources again.',
  },
  RESOURCE_NOT_PROVISIONED: {
    status: 200,
    rpc: 7403,
    retry: 'no',
    message: 'The resource "{resource}" is not provisioned on this gateway. Ask your administrator.',
  },
  TEMPLATE_UNKNOWN: {
    status: 200,
    rpc: -32602,
    retry: 'no',
    message: 'There is no resource template "{template}" here. List the resource templates again.',
  },
  TEMPLATE_NOT_PROVISIONED: {
    status: 200,
    rpc: 7403,
    retry: 'no',
    message: 'The resource template "{template}" is not provisioned on this gateway. Ask your administrator.',
  },
  CONDITION_UNMET: {
    status: 200,
    rpc: 7403,
    retry: 'no',
    message:
      'The {what} "{name}" of the server "{server}" is not named on this gateway, and what is known of its definition fits none of the conditions under which others are exposed. Ask your administrator.',
  },
} as const;
