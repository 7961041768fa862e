// One line per thing that was shown to work: "ok ..." or "not ok ...", counted by tests/run/test.
import assert from "node:assert/strict";
import { appendFileSync } from "node:fs";

let failed = 0;

/** Runs one step; a failed one is told with its reason, and ends the story because the next ones build on it. */
export async function step(name, work) {
  try {
    const result = await work();
    console.log(`ok ${name}`);
    return result;
  } catch (error) {
    failed += 1;
    console.log(`not ok ${name}`);
    console.error(error);
    if (error.cause) console.error("cause:", error.cause);
    throw new Stop();
  }
}

class Stop extends Error {}

/** Runs a whole story and ends the process with 0 or 1. */
export async function story(work, tidy = async () => {}) {
  try {
    await work();
  } catch (error) {
    if (!(error instanceof Stop)) {
      failed += 1;
      console.log("not ok the story itself");
      console.error(error);
    }
  } finally {
    await tidy();
  }
  process.exit(failed === 0 ? 0 : 1);
}

/** Writes down secrets that must not be found anywhere when the run is over; tests/run/left.sh looks for them. */
export function used(...secrets) {
  if (process.env.TEST_SECRETS) appendFileSync(`${process.env.TEST_SECRETS}/e2e-${process.pid}`, secrets.filter(Boolean).map((secret) => `${secret}\n`).join(""));
}

/** An environment variable that must be there. */
export function wanted(name) {
  const value = process.env[name];
  assert.ok(value, `${name} is not set`);
  return value;
}
