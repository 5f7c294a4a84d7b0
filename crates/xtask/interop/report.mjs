// Runs cases under limits and keeps the table: case, result, time.

const CASE_LIMIT_MS = 60_000;
const FAILURES_PER_SESSION = 3;
const TITLE_WIDTH = 50;
const CANNOT_RUN = 77;

export class Report {
  constructor(runLimit) {
    this.runLimit = runLimit;
    this.started = performance.now();
    this.counts = { passed: 0, failed: 0, "not run": 0 };
    this.failures = [];
  }

  begin(title) {
    console.log(`${title}\n\n${"case".padEnd(TITLE_WIDTH)} result      time`);
  }

  /// Calls `body` with `step(title, run, essential)`. After a failed essential step, or a few others, the rest of
  /// the session is not run.
  async session(name, body) {
    console.log(`\n${name}`);
    let failures = 0;
    let over = false;
    const step = async (title, run, essential = false) => {
      if (over) return this.#row(name, title, "not run");
      if (await this.#case(name, title, run)) return;
      failures += 1;
      over = essential || failures >= FAILURES_PER_SESSION;
    };
    try {
      await body(step);
    } catch (error) {
      if (error.constructor.name === "CannotRun") throw error;
      this.#row(name, "the session itself", "failed", 0, words(error));
    }
  }

  /// Prints the sums; the exit code. A machine that could not run the rest excuses no failure before that.
  end(cannot) {
    const { passed, failed } = this.counts;
    const seconds = ((performance.now() - this.started) / 1000).toFixed(0);
    console.log(`\n${passed} passed, ${failed} failed, ${this.counts["not run"]} not run, in ${seconds} s`);
    for (const line of this.failures) console.log(`FAILED  ${line}`);
    if (cannot) console.error(`\nINTEROPERATION NOT RUN: ${cannot.message}`);
    if (failed) return 1;
    if (cannot) return CANNOT_RUN;
    return this.counts["not run"] ? 1 : 0;
  }

  async #case(name, title, run) {
    const began = performance.now();
    const left = this.runLimit - (began - this.started);
    try {
      if (left <= 0) throw new Error(`the whole run's limit of ${this.runLimit / 1000} s is over`);
      const note = await within(Math.min(left, CASE_LIMIT_MS), run());
      this.#row(name, title, "passed", performance.now() - began, note);
      return true;
    } catch (error) {
      this.#row(name, title, "failed", performance.now() - began, words(error));
      return false;
    }
  }

  #row(name, title, result, took = 0, note = "") {
    this.counts[result] += 1;
    const time = result === "not run" ? "" : `${(took / 1000).toFixed(2)} s`;
    console.log(`  ${title.padEnd(TITLE_WIDTH - 2)} ${result.padEnd(8)} ${time.padStart(8)}  ${note ?? ""}`.trimEnd());
    if (result === "failed") this.failures.push(`${name}: ${title}: ${note}`);
  }
}

function within(limit, promise) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`took longer than ${(limit / 1000).toFixed(0)} s`)), limit);
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}

// Playwright puts a stack and the name of its function around what the page threw.
function words(error) {
  return error.message.split("\n")[0].replace(/^page\.\w+: (Error: )?/, "");
}
