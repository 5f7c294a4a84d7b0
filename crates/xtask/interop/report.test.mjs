// node --test crates/xtask/interop/report.test.mjs

import assert from "node:assert/strict";
import { test } from "node:test";
import { Report } from "./report.mjs";
import { CannotRun } from "./setup.mjs";

const LACK = new CannotRun("there is no browser");

async function reportOf(...outcomes) {
  const report = new Report(60_000);
  await report.session("a session", async (step) => {
    for (const outcome of outcomes) {
      await step("a case", async () => {
        if (!outcome) throw new Error("it went wrong");
      });
    }
  });
  return report;
}

test("all that passed is a success", async () => {
  assert.equal((await reportOf(true, true)).end(), 0);
});

test("a failure is a failure", async () => {
  assert.equal((await reportOf(true, false)).end(), 1);
});

test("what the machine lacks is told apart", async () => {
  assert.equal((await reportOf(true)).end(LACK), 77);
});

test("what the machine lacks hides no failure before it", async () => {
  assert.equal((await reportOf(false)).end(LACK), 1);
});

test("a session that finds something lacking tells the run", async () => {
  const report = new Report(60_000);
  const session = report.session("a session", async () => {
    throw LACK;
  });
  await assert.rejects(session, CannotRun);
});
