// The store suite on SQLite, and what is SQLite's alone.
import { describeStore } from '../../suite/store.ts';
import { sqliteGround } from '../../suite/ground.ts';

describeStore('SQLite', sqliteGround);
