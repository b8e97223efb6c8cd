// Holds the lock of the data directory that its argument names until it is killed; says so on its standard output.
import { lockDataDirectory } from '../../gateway/store/lock.ts';

const [directory = ''] = process.argv.slice(2);
await lockDataDirectory(directory);
console.log('held');
// Something to wait for, so that the process stays.
process.stdin.resume();
