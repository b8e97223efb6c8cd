// Names of HTTP headers that a policy may name beside those that HTTP itself sets. The rule: what says how a body is to be read is nobody's to change.
import { z } from 'zod';

export const HeaderName = z
  .string()
  .regex(/^[A-Za-z0-9-]{1,64}$/)
  .refine(
    (name) => !/^(?:host|content-.*|transfer-encoding|connection|keep-alive|upgrade|te|trailer|expect|proxy-.*)$/i.test(name),
    'this header is set by HTTP itself',
  );
