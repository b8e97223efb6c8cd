// Vitest's own report, then every skipped test aloud with its reason, then one line that a program can read: `N passed, N failed, N skipped`.
// The run is never said to be clean when something broke outside a test: a file that did not load and a stray error count as failures.
import { DefaultReporter, type TestModule, type TestRunEndReason } from 'vitest/node';

type Stray = Parameters<DefaultReporter['onTestRunEnd']>[1];

export class CountReporter extends DefaultReporter {
  override onTestRunEnd(modules: readonly TestModule[], stray: Stray, reason: TestRunEndReason): void {
    super.onTestRunEnd([...modules], stray, reason);
    let passed = 0;
    let failed = stray.length;
    const skipped: string[] = [];
    for (const module of modules) {
      if (module.errors().length > 0) failed++;
      for (const test of module.children.allTests()) {
        const result = test.result();
        if (result.state === 'passed') passed++;
        else if (result.state === 'failed') failed++;
        else
          skipped.push(
            `${module.relativeModuleId} > ${test.fullName}: ${('note' in result && result.note) || 'no reason given'}`,
          );
      }
    }
    if (reason === 'failed' && failed === 0) failed = 1;
    // With --testNamePattern everything else is "skipped": that is a choice, not news.
    const isChosen = this.ctx.getGlobalTestNamePattern() !== undefined;
    for (const line of isChosen ? [] : skipped) console.log(`skipped: ${line}`);
    console.log(`${passed} passed, ${failed} failed, ${skipped.length} skipped`);
  }
}
