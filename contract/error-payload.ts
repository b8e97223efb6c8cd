// The part of the table in error.ts that is about captured payloads. The rule: where a payload has to be kept and can't be, its call is not answered.

export const payloadErrors = {
  CAPTURE_FAILED: {
    status: 503,
    rpc: 7507,
    retry: 'safe',
    message:
      'This gateway keeps what is asked and answered, and could not, so the call is refused. Ask your administrator to see to the log of the gateway server.',
  },
  PAYLOAD_MISSING: {
    status: 404,
    rpc: 7404,
    retry: 'no',
    message: 'There is no payload of the record "{record}": {reason}.',
  },
  PAYLOAD_ALTERED: {
    status: 500,
    rpc: 7500,
    retry: 'no',
    message: 'The payload of the record "{record}" is not what the record stands for, so it is not shown: {reason}.',
  },
} as const;
