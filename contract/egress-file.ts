// The ways out of one gateway server, as an administrator writes them in YAML (`drawbridge-gateway serve --egress FILE`): proxies and source addresses by
// name, and from which addresses the world sees each. A policy names a way; which one that is belongs to the machine. Secrets are not in it: it names their files.
import { z } from 'zod';
import { Slug } from './id.ts';

/** The way of the machine's own routes. */
export const directWay = 'direct';

const Ip = z.union([z.ipv4(), z.ipv6()], 'write an IP address');
/** From where the world sees requests that go this way: addresses and networks (CIDR). */
const addresses = z
  .array(z.union([z.ipv4(), z.ipv6(), z.cidrv4(), z.cidrv6()], 'write an IP address or a network, such as 203.0.113.0/28'))
  .min(1)
  .max(100)
  .optional();

const ProxyUrl = z.string().refine((text) => {
  const url = URL.parse(text);
  const isPlain = url !== null && url.username + url.password + url.search + url.hash === '' && url.pathname === '/';
  return isPlain && (url.protocol === 'http:' || url.protocol === 'https:');
}, 'write the proxy as http://HOST:PORT or https://HOST:PORT, without a password');

/** From an address of the machine (`from`), through a proxy (`proxy`), or by the machine's own routes. */
const EgressWay = z.strictObject({
  from: Ip.optional(),
  proxy: ProxyUrl.optional(),
  user: z
    .string()
    .regex(/^[^:\p{Cc}]{1,200}$/u, 'write a name without a colon')
    .optional(),
  /** A file that holds nothing but the password, for its owner only; its place is taken from the folder of this file. */
  passwordFile: z.string().min(1).optional(),
  /** `gateway`: the name is resolved and judged here, and the proxy is told the address. `proxy`: it is told the name, and has to judge itself. */
  resolve: z.enum(['gateway', 'proxy'], 'use gateway or proxy').optional(),
  /** From where the world sees it. Absent with `from`: as it is. */
  addresses,
});
export type EgressWay = z.infer<typeof EgressWay>;

/** What is wrong with the ways of this name; undefined where nothing is. */
function objectionTo(name: string, { from, proxy, user, passwordFile, resolve }: EgressWay): string | undefined {
  const isDirect = from === undefined && proxy === undefined;
  if (name === directWay && !isDirect) return "is the way of the machine's own routes: name this one otherwise";
  if (name !== directWay && isDirect) return 'give proxy or from';
  if (from !== undefined && proxy !== undefined) return 'give either proxy or from';
  if (proxy === undefined && (user ?? passwordFile ?? resolve) !== undefined)
    return 'user, passwordFile and resolve belong to a proxy';
  return (user === undefined) === (passwordFile === undefined) ? undefined : 'give both user and passwordFile';
}

export const EgressFile = z
  .strictObject({
    version: z.literal(1),
    /** The way of what names none. */
    default: Slug.default(Slug.parse(directWay)),
    /** `direct` is among them only where it stands here or is the default. */
    ways: z.record(Slug, EgressWay).default({}),
  })
  .superRefine(({ default: usual, ways }, context) => {
    const names = Object.keys(ways);
    if (usual !== directWay && !names.includes(usual))
      context.addIssue({ code: 'custom', path: ['default'], message: `there is no way "${usual}" among them` });
    for (const [name, way] of Object.entries(ways)) {
      const message = objectionTo(name, way);
      if (message !== undefined) context.addIssue({ code: 'custom', path: ['ways', name], message });
    }
  });
export type EgressFile = z.infer<typeof EgressFile>;
