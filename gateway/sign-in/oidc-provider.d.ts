// What is used of oidc-provider, which comes without types. Named after its own documentation; unknown is what is parsed or not looked at here.
declare module 'oidc-provider' {
  import type { IncomingMessage, ServerResponse } from 'node:http';

  export interface Adapter {
    upsert(id: string, payload: Record<string, unknown>, expiresInSeconds: number | undefined): Promise<void>;
    find(id: string): Promise<Record<string, unknown> | undefined>;
    findByUid(uid: string): Promise<Record<string, unknown> | undefined>;
    findByUserCode(code: string): Promise<Record<string, unknown> | undefined>;
    consume(id: string): Promise<void>;
    destroy(id: string): Promise<void>;
    revokeByGrantId(grantId: string): Promise<void>;
  }

  export interface Grant {
    readonly jti: string;
    addResourceScope(resource: string, scope: string): void;
    save(): Promise<string>;
  }
  export interface Interaction {
    readonly uid: string;
    readonly exp: number;
    readonly returnTo: string;
    readonly prompt: { readonly name: string; readonly reasons: readonly string[] };
    readonly params: Readonly<Record<string, unknown>>;
    session?: { readonly accountId?: string; readonly uid?: string } | undefined;
    result?: Record<string, unknown>;
    readonly lastSubmission?: Record<string, unknown>;
    save(ttlSeconds: number): Promise<string>;
  }
  export interface Client {
    readonly clientId: string;
    readonly clientName?: string;
    metadata(): Record<string, unknown>;
    grantTypeAllowed(type: string): boolean;
    redirectUriAllowed(uri: string): boolean;
  }

  /** Koa's context with what oidc-provider adds. */
  export interface Context {
    readonly req: IncomingMessage;
    readonly res: ServerResponse;
    status: number;
    type: string;
    body: unknown;
    set(headers: Readonly<Record<string, string>>): void;
    readonly oidc: {
      readonly issuer: string;
      readonly route: string;
      readonly client?: Client;
      readonly account?: { readonly accountId: string };
      readonly session: {
        readonly accountId?: string;
        /** Of one browser; stays the same as long as it is signed in. */
        readonly uid: string;
        readonly state?: { readonly secret: string };
        readonly exp?: number;
        touched?: boolean;
      };
      readonly params?: Readonly<Record<string, unknown>>;
      readonly result?: { readonly consent?: { readonly grantId?: string } };
      readonly resourceServers: Readonly<Record<string, unknown>>;
      readonly entities: Readonly<Record<string, unknown>>;
    };
  }

  export class Provider {
    /** Of the request that is being answered. */
    static readonly ctx: Context | undefined;
    constructor(issuer: string, configuration: object);
    use(step: (ctx: Context, next: () => Promise<void>) => Promise<void>): this;
    silent: boolean;
    proxy: boolean;
    readonly Grant: {
      new (of: { accountId: string; clientId: string; jti: string }): Grant;
      find(id: string): Promise<Grant | undefined>;
    };
    readonly Interaction: { find(uid: string): Promise<Interaction | undefined> };
    readonly Client: {
      find(id: string): Promise<Client | undefined>;
      readonly prototype: { compareClientSecret(this: { readonly clientSecret?: string }, given: string): boolean };
    };
    readonly Session: { readonly adapter: Adapter };
    callback(): (request: IncomingMessage, response: ServerResponse) => Promise<void>;
    interactionDetails(request: IncomingMessage, response: ServerResponse): Promise<Interaction>;
    interactionFinished(
      request: IncomingMessage,
      response: ServerResponse,
      result: object,
      options?: { mergeWithLastSubmission?: boolean },
    ): Promise<void>;
    /** Keeps the result, and tells where its sign-in goes on. */
    interactionResult(request: IncomingMessage, response: ServerResponse, result: object): Promise<string>;
    on(event: string, listener: (ctx: Context, detail: unknown) => void): this;
  }

  export const errors: Readonly<
    Record<
      | 'InvalidTarget'
      | 'InvalidGrant'
      | 'InvalidClient'
      | 'InvalidRequest'
      | 'SessionNotFound'
      | 'SlowDown'
      | 'TemporarilyUnavailable',
      new (description?: string, detail?: string) => Error
    >
  >;
  export namespace interactionPolicy {
    class Check {
      constructor(reason: string, description: string, check: (ctx: Context) => boolean | Promise<boolean>);
    }
    class Prompt {
      constructor(of: { name: string; requestable: boolean }, ...checks: Check[]);
      readonly checks: { add(check: Check, at?: number): void; remove(reason: string): void };
    }
    interface Policy {
      get(name: string): Prompt | undefined;
    }
    function base(): Policy;
  }
}
