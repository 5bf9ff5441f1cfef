import { writeFileSync } from "node:fs";

/**
 * A vitest reporter: closes the run with `N passed, N failed`, or writes the two counts as JSON to the file that `CHECK_COUNTS` names.
 * Failures outside of tests (a file, a hook, an unhandled error) count, too.
 * @implements {import("vitest/node").Reporter}
 */
export default class ClosingLine {
  /** @type {NonNullable<import("vitest/node").Reporter["onTestRunEnd"]>} */
  onTestRunEnd(modules, unhandledErrors) {
    const states = modules.flatMap((module) =>
      [...module.children.allTests()].map((test) => test.result().state),
    );
    const outside = modules
      .flatMap((module) => [module, ...module.children.allSuites()])
      .filter((part) => part.errors().length > 0);
    const passed = states.filter((state) => state === "passed").length;
    const failed =
      states.filter((state) => state === "failed").length + outside.length + unhandledErrors.length;
    const file = process.env.CHECK_COUNTS;
    if (file) writeFileSync(file, JSON.stringify({ passed, failed }));
    else console.log(`${passed} passed, ${failed} failed`);
  }
}
