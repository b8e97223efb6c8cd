// The verbs of the store, put together: what each part of the gateway server may ask the database, in one list.
// Rule: every verb is guarded, so that nobody sees a driver's own error; what it does stands in sql/.
import type { DeedRecord } from '#contract/audit.ts';
import type { Engine } from './engine.ts';
import { guarded } from './failure.ts';
import {
  accessTokens,
  addAccessToken,
  revokeAccessToken,
  rotateAccessToken,
  tokenHolder,
  usedAccessToken,
} from './sql/access-token.ts';
import { jobAt, jobBegun, jobsGone } from './sql/job.ts';
import { behind, find, indexRecords, span } from './sql/search.ts';
import { approvals, decide } from './sql/approval.ts';
import { forDeed } from './sql/change.ts';
import { deedsOnRecord, deedsWaiting, forgetDeeds, noteDeed, releaseDeeds, takeDeeds } from './sql/deed.ts';
import { beginOnce, endOnce, forgetOnce, retakeOnce } from './sql/idempotency.ts';
import {
  identities,
  identity,
  identityById,
  identityClient,
  leaseIdentity,
  removeIdentity,
  renewIdentity,
  resealIdentities,
  setIdentity,
} from './sql/identity.ts';
import { decidedHosts, decideHost, hosts, hostUses, sawHosts } from './sql/host.ts';
import { unbind, whose } from './sql/account.ts';
import { addPerson, changePerson, groupsOf, people, person, removePerson as removeDirectoryPerson } from './sql/directory.ts';
import {
  addGroup,
  changeGroup,
  group,
  groups,
  memberCount,
  membersAmong,
  membersOf,
  removeGroup,
} from './sql/directory-group.ts';
import {
  addDirectoryToken,
  directoryTokenByHash,
  directoryTokens,
  revokeDirectoryToken,
  usedDirectoryToken,
} from './sql/directory-token.ts';
import { heldPeople, holdUser, releaseUser } from './sql/offboard.ts';
import { counterparts, decidePins, namedPins, pinPage, pinRows, pinsBegunWith, sawDefinitions } from './sql/pin.ts';
import { arrive, lastArrival, madePeople, removePerson, setPersonRole } from './sql/person.ts';
import { filedPolicy, policy } from './sql/policy.ts';
import { postures, tellPostures } from './sql/posture.ts';
import { newestCalls } from './sql/call.ts';
import { chainHead, chains, newestRecords, recordsAfter, sealedAfter, sealsAfter } from './sql/record.ts';
import { addConnection, connection, connectionOf, connections, revokeConnection } from './sql/connection.ts';
import { accounts, beginAttempt, beginCode, passAttempt, putAccount, removeAccount } from './sql/local-account.ts';
import { payloadOf } from './sql/payload.ts';
import { needed, removal, removals, removeRecords, retention } from './sql/removal.ts';
import { replacePolicy, tryPolicy } from './sql/replace-policy.ts';
import {
  addClient,
  bearer,
  endAccess,
  formerBearer,
  giveItemBack,
  client,
  consumeItem,
  item,
  itemByUid,
  putItem,
  removeFamily,
  removeItem,
  removeItemByUid,
} from './sql/sign-in.ts';
import {
  leaseSink,
  parkedRecords,
  releaseSink,
  reportSink,
  resealSinkSecrets,
  setSinkSecret,
  sinks,
  sinkSecrets,
  standing,
  unpark,
} from './sql/sink.ts';
import { organization } from './sql/state.ts';
import { addToken, enroll, revokeToken, tokenByHash, tokenById, tokens } from './sql/token.ts';
import {
  liveWorkstations,
  offers,
  replaceOffers,
  revokeWorkstation,
  seenWorkstations,
  workstations,
  workstationsOf,
} from './sql/workstation.ts';
import { switches, switchOff, switchOn } from './sql/switch.ts';
import type { AdministrationStore } from './administration.ts';
import { changesAfter, user, userIdOf, users } from './sql/user.ts';
import type { DirectoryStore } from './directory.ts';
import type { RetentionStore } from './retention.ts';
import type { SearchStore } from './search.ts';
import type { PinStore } from './pin.ts';
import type { SignInStore } from './sign-in.ts';
import { alertOf } from './sql/alert.ts';
import { engineSecretOf } from './sql/engine-secret.ts';
import type { SinkStore } from './sink.ts';
import type { Store } from './store.ts';
import type { Db } from './table.ts';

/** The verbs over an engine; each rejects with STORE_UNAVAILABLE where the database could not answer. With a deed, what they change is on record with it. */
export function storeOf(engine: Engine, deed?: DeedRecord, once?: string): Store {
  const db = deed ? forDeed(engine.db, deed, once) : engine.db;
  return {
    organization: guarded(() => organization(db)),
    revision: guarded(() => engine.revision()),
    lastWrite: guarded(() => engine.lastWrite()),
    changesAfter: guarded((revision) => changesAfter(db, revision)),
    policy: guarded((whom) => policy(db, whom)),
    filedPolicy: guarded(() => filedPolicy(db)),
    replacePolicy: guarded((...of) => replacePolicy(db, engine.dialect, ...of)),
    tryPolicy: guarded((...of) => tryPolicy(db, engine.dialect, ...of)),
    userIdOf: guarded((...of) => userIdOf(db, ...of)),
    addToken: guarded((token) => addToken(db, token)),
    tokenByHash: guarded((hash) => tokenByHash(db, hash)),
    tokenById: guarded((id) => tokenById(db, id)),
    tokens: guarded(() => tokens(db)),
    revokeToken: guarded((id, now) => revokeToken(db, id, now)),
    enroll: guarded((hash, of, now) => enroll(db, hash, of, now)),
    workstationsOf: guarded((ids) => workstationsOf(db, ids)),
    workstations: guarded(() => workstations(db)),
    liveWorkstations: guarded((ids) => liveWorkstations(db, ids)),
    revokeWorkstation: guarded((id, now) => revokeWorkstation(db, id, now)),
    seenWorkstations: guarded((ids, now) => seenWorkstations(db, ids, now)),
    tellPostures: guarded((told) => tellPostures(db, told)),
    postures: guarded(() => postures(db)),
    replaceOffers: guarded((id, list, now) => replaceOffers(db, id, list, now)),
    offers: guarded(() => offers(db)),
    approvals: guarded(() => approvals(db)),
    decide: guarded((server, fingerprint, decision, reason, now) => decide(db, server, fingerprint, decision, reason, now)),
    identity: guarded((server, user, gateway) => identity(db, server, user, gateway)),
    identityById: guarded((id) => identityById(db, id)),
    identityClient: guarded((server, issuer) => identityClient(db, server, issuer)),
    leaseIdentity: guarded((...of) => leaseIdentity(db, ...of)),
    renewIdentity: guarded((...of) => renewIdentity(db, ...of)),
    identities: guarded(() => identities(db)),
    setIdentity: guarded((one) => setIdentity(db, one)),
    removeIdentity: guarded((id, now) => removeIdentity(db, id, now)),
    resealIdentities: guarded((changes) => resealIdentities(db, changes)),
    sawHosts: guarded((sightings) => sawHosts(db, sightings)),
    hosts: guarded(() => hosts(db)),
    hostUses: guarded((id) => hostUses(db, id)),
    decidedHosts: guarded(() => decidedHosts(db)),
    decideHost: guarded((id, state, now) => decideHost(db, id, state, now)),
    switches: guarded(() => switches(db)),
    switchOff: guarded((off) => switchOff(db, off)),
    switchOn: guarded((of) => switchOn(db, of)),
    appendRecords: guarded((...of) => engine.appendRecords(...of)),
    chainHead: guarded((chain) => chainHead(db, chain)),
    chains: guarded(() => chains(db)),
    recordsAfter: guarded((chain, seq, limit) => recordsAfter(db, chain, seq, limit)),
    sealsAfter: guarded((chain, seq, limit) => sealsAfter(db, chain, seq, limit)),
    sealedAfter: guarded((...of) => sealedAfter(db, ...of)),
    newestRecords: guarded((limit) => newestRecords(db, limit)),
    newestCalls: guarded((users, limit) => newestCalls(db, users, limit)),
    signIn: signInOf(db),
    search: searchOf(engine),
    retention: retentionOf(engine),
    sink: sinkOf(db),
    alert: alertOf({ ...engine, db }),
    engineSecret: engineSecretOf(db),
    pin: pinOf(db),
    payload: payloadOf(db),
    administration: administrationOf(db),
    directory: directoryOf(db),
    recording: (of) => storeOf(engine, of, once),
    once: (key) => storeOf(engine, deed, key),
    close: () => engine.close(),
  };
}

function administrationOf(db: Db): AdministrationStore {
  return {
    takeDeeds: guarded((now, until, limit) => takeDeeds(db, now, until, limit)),
    deedsOnRecord: guarded((ids) => deedsOnRecord(db, ids)),
    releaseDeeds: guarded((ids) => releaseDeeds(db, ids)),
    forgetDeeds: guarded((ids) => forgetDeeds(db, ids)),
    noteDeed: guarded(() => noteDeed(db)),
    deedsWaiting: guarded(() => deedsWaiting(db)),
    user: guarded((slug) => user(db, slug)),
    users: guarded((of) => users(db, of)),
    setPersonRole: guarded((user, role, from) => setPersonRole(db, user, role, from)),
    addAccessToken: guarded((token, parentHash) => addAccessToken(db, token, parentHash)),
    accessTokens: guarded(() => accessTokens(db)),
    revokeAccessToken: guarded((id, now) => revokeAccessToken(db, id, now)),
    rotateAccessToken: guarded((id, from, to, now) => rotateAccessToken(db, id, from, to, now)),
    tokenHolder: guarded((hash) => tokenHolder(db, hash)),
    usedAccessToken: guarded((id, now) => usedAccessToken(db, id, now)),
    beginOnce: guarded((key, request, now) => beginOnce(db, key, request, now)),
    endOnce: guarded((key, answer) => endOnce(db, key, answer)),
    forgetOnce: guarded((key) => forgetOnce(db, key)),
    retakeOnce: guarded((key, at, now) => retakeOnce(db, key, at, now)),
  };
}

function directoryOf(db: Db): DirectoryStore {
  return {
    addPerson: guarded((draft, now) => addPerson(db, draft, now)),
    person: guarded((id) => person(db, id)),
    people: guarded((search) => people(db, search)),
    changePerson: guarded((...of) => changePerson(db, ...of)),
    removePerson: guarded((...of) => removeDirectoryPerson(db, ...of)),
    groupsOf: guarded((ids) => groupsOf(db, ids)),
    addGroup: guarded((draft, now) => addGroup(db, draft, now)),
    group: guarded((id) => group(db, id)),
    groups: guarded((search) => groups(db, search)),
    memberCount: guarded((ids) => memberCount(db, ids)),
    membersAmong: guarded((id, people) => membersAmong(db, id, people)),
    membersOf: guarded((ids) => membersOf(db, ids)),
    changeGroup: guarded((...of) => changeGroup(db, ...of)),
    removeGroup: guarded((id, version) => removeGroup(db, id, version)),
    addToken: guarded((token) => addDirectoryToken(db, token)),
    tokenByHash: guarded((hash) => directoryTokenByHash(db, hash)),
    tokens: guarded(() => directoryTokens(db)),
    revokeToken: guarded((id, now) => revokeDirectoryToken(db, id, now)),
    usedToken: guarded((id, now) => usedDirectoryToken(db, id, now)),
    hold: guarded((user, now) => holdUser(db, user, now)),
    release: guarded((user, now) => releaseUser(db, user, now)),
    held: guarded(() => heldPeople(db)),
  };
}

function searchOf({ db, dialect }: Engine): SearchStore {
  return {
    index: guarded((limit) => indexRecords(db, dialect, limit)),
    behind: guarded(() => behind(db)),
    find: guarded((filter, page) => find(db, dialect, filter, page)),
    span: guarded((filter) => span(db, dialect, filter)),
    jobBegun: guarded((of, now) => jobBegun(db, of, now)),
    jobAt: guarded((id, now) => jobAt(db, id, now)),
    jobsGone: guarded((chain, id) => jobsGone(db, chain, id)),
  };
}

function retentionOf({ db, dialect }: Engine): RetentionStore {
  return {
    setting: guarded(() => retention(db)),
    removals: guarded(() => removals(db)),
    removal: guarded((chain) => removal(db, chain)),
    needed: guarded((chain, before) => needed(db, chain, before)),
    remove: guarded((mark, after) => removeRecords(db, dialect, mark, after)),
  };
}

function signInOf(db: Db): SignInStore {
  return {
    whose: guarded((of) => whose(db, of)),
    arrive: guarded((of) => arrive(db, of)),
    unbind: guarded((of) => unbind(db, of)),
    lastArrival: guarded((user) => lastArrival(db, user)),
    madePeople: guarded(() => madePeople(db)),
    removePerson: guarded((slug, now) => removePerson(db, slug, now)),
    putItem: guarded((of, now) => putItem(db, of, now)),
    item: guarded((model, key) => item(db, model, key)),
    itemByUid: guarded((model, uid) => itemByUid(db, model, uid)),
    consumeItem: guarded((model, key, now) => consumeItem(db, model, key, now)),
    giveItemBack: guarded((model, key, consumedAt) => giveItemBack(db, model, key, consumedAt)),
    removeItem: guarded((model, key) => removeItem(db, model, key)),
    removeItemByUid: guarded((model, uid) => removeItemByUid(db, model, uid)),
    removeFamily: guarded((model, family) => removeFamily(db, model, family)),
    endAccess: guarded((family, now) => endAccess(db, family, now)),
    bearer: guarded((key) => bearer(db, key)),
    formerBearer: guarded((key) => formerBearer(db, key)),
    addClient: guarded((of, atMost) => addClient(db, of, atMost)),
    client: guarded((id) => client(db, id)),
    addConnection: guarded((of) => addConnection(db, of)),
    connectionOf: guarded((of) => connectionOf(db, of)),
    connection: guarded((id) => connection(db, id)),
    connections: guarded(() => connections(db)),
    revokeConnection: guarded((id, now) => revokeConnection(db, id, now)),
    putAccount: guarded((of) => putAccount(db, of)),
    accounts: guarded(() => accounts(db)),
    beginAttempt: guarded((network, now) => beginAttempt(db, network, now)),
    beginCode: guarded((email, now) => beginCode(db, email, now)),
    passAttempt: guarded((...of) => passAttempt(db, ...of)),
    removeAccount: guarded((email) => removeAccount(db, email)),
  };
}

function pinOf(db: Db): PinStore {
  return {
    rows: guarded((known) => pinRows(db, known)),
    saw: guarded((assignment, seen, by, at) => sawDefinitions(db, assignment, seen, by, at)),
    page: guarded((of, limit, after) => pinPage(db, of, limit, after)),
    begunWith: guarded((hash, of) => pinsBegunWith(db, hash, of)),
    counterparts: guarded((of) => counterparts(db, of)),
    named: guarded((names) => namedPins(db, names)),
    decide: guarded((names, state, note, now) => decidePins(db, names, state, note, now)),
  };
}

function sinkOf(db: Db): SinkStore {
  return {
    sinks: guarded(() => sinks(db)),
    standing: guarded(() => standing(db)),
    lease: guarded((sink, holder, now, until) => leaseSink(db, sink, holder, now, until)),
    report: guarded((sink, holder, progress) => reportSink(db, sink, holder, progress)),
    release: guarded((sink, holder) => releaseSink(db, sink, holder)),
    parked: guarded((sink) => parkedRecords(db, sink)),
    unpark: guarded((sink, records) => unpark(db, sink, records)),
    secrets: guarded(() => sinkSecrets(db)),
    setSecret: guarded((secret) => setSinkSecret(db, secret)),
    resealSecrets: guarded((changes) => resealSinkSecrets(db, changes)),
  };
}
