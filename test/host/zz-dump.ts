import { prepareGround } from './sign-in-ground.ts';
import { signingHosts } from './sign-in-host.ts';
import { trySignIn } from './sign-in-trial.ts';
const g = await prepareGround();
for (const h of signingHosts.filter(({id})=>process.argv.slice(2).includes(id))) { try { console.log((await trySignIn(h,g)).asked); } catch (e) { console.log(String(e).slice(0,3000)); } }
for (const r of await g.at.deployment.records(200)) if (['client_registered','consent_given'].includes(String(r['event']))) console.log(JSON.stringify(r).slice(0,500));
await g.close();
