// What a host said that it can be asked for: a legacy one at initialize (2025-11-25, basic/lifecycle: client capabilities), a modern one in each request. Only what the gateway relays counts,
// in one spelling: hosts that can do the same share what is keyed by it.
import type { Abilities, Identified } from '../call.ts';
import { capabilitiesKey } from './era.ts';
import { isObject, type RequestMessage } from './jsonrpc.ts';

/** A host that can be asked nothing: one that did not say, and all who share a legacy server. */
export const noAbilities: Abilities = {
  roots: false,
  sampling: false,
  samplingTools: false,
  form: false,
  url: false,
  declared: '{}',
};

/** Pages of tools (MCP Apps): servers of every revision look for this before they offer one. Of what a host says there only what is known counts. */
const pages = 'io.modelcontextprotocol/ui';
const pageType = 'text/html;profile=mcp-app';

function readPages(extensions: unknown): object | undefined {
  const said = isObject(extensions) ? extensions[pages] : undefined;
  if (!isObject(said)) return undefined;
  const types = said['mimeTypes'];
  return { [pages]: Array.isArray(types) && types.includes(pageType) ? { mimeTypes: [pageType] } : {} };
}

/** Reads the `capabilities` of initialize. What is no object, or unknown, was not declared. */
export function readAbilities(capabilities: unknown): Abilities {
  if (!isObject(capabilities)) return noAbilities;
  const { roots, sampling, elicitation, extensions } = capabilities;
  if (!roots && !sampling && !elicitation && !extensions) return noAbilities;
  const shows = readPages(extensions);
  const modes = isObject(elicitation) ? { form: isObject(elicitation['form']), url: isObject(elicitation['url']) } : undefined;
  // Without modes it means forms: the only ones there were before 2025-11-25.
  const isPlain = modes !== undefined && !modes.form && !modes.url;
  const declared = {
    ...(isObject(roots) && { roots: roots['listChanged'] === true ? { listChanged: true } : {} }),
    ...(isObject(sampling) && {
      sampling: { ...(isObject(sampling['context']) && { context: {} }), ...(isObject(sampling['tools']) && { tools: {} }) },
    }),
    ...(shows && { extensions: shows }),
    ...(modes && { elicitation: isPlain ? {} : { ...(modes.form && { form: {} }), ...(modes.url && { url: {} }) } }),
  };
  return {
    roots: isObject(roots),
    sampling: isObject(sampling),
    samplingTools: isObject(sampling) && isObject(sampling['tools']),
    form: isPlain || modes?.form === true,
    url: modes?.url === true,
    declared: JSON.stringify(declared),
  };
}

/** Of the host of one request: a modern one says it in each, a legacy one said it at initialize. */
export function abilitiesOf(
  { era, audience }: Pick<Identified, 'era' | 'audience'>,
  { params }: Pick<RequestMessage, 'params'>,
): Abilities {
  if (era === 'legacy') return audience?.abilities ?? noAbilities;
  const meta = params.value['_meta'];
  return isObject(meta) ? readAbilities(meta[capabilitiesKey]) : noAbilities;
}
