// Starts the program and waits until it is ready; ends it whatever happens.
import { spawn } from "node:child_process";
import { mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { get } from "node:http";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { wanted } from "./report.mjs";

export function freePort() {
  return new Promise((done, failed) => {
    const server = createServer().once("error", failed).listen(0, "127.0.0.1", () => {
      const { port } = server.address();
      server.close(() => done(port));
    });
  });
}

/** Away with a folder: out of the world, or to what a whole run has left behind (tests/run/left.sh). */
function leave(folder) {
  if (process.env.TEST_LEFT) renameSync(folder, join(process.env.TEST_LEFT, basename(folder)));
  else rmSync(folder, { recursive: true, force: true });
}

const pause = (ms) => new Promise((done) => setTimeout(done, ms));

/** Whether a path answers 200; the host name is sent as it is, whoever resolves it. */
function answers(port, path, host) {
  return new Promise((done) => {
    const request = get({ host: "127.0.0.1", port, path, headers: { host } }, (answer) => done(answer.resume().statusCode === 200));
    request.once("error", () => done(false));
  });
}

/**
 * Runs `concord ...args(ports, folder)` until `stop()`. Ready when `ready` of the returned plan answers.
 * `plan(port, management, folder)` gives `{ args, environment, ready: { port, path, host }, before }`; what the commands of `before` printed is in `before`.
 */
export async function start(plan) {
  const [port, management] = [await freePort(), await freePort()];
  const folder = mkdtempSync(join(tmpdir(), "concord-e2e-"));
  const { args, environment = {}, ready, before = [] } = plan(port, management, folder);
  const options = { cwd: folder, env: { ...process.env, NO_COLOR: "1", ...environment } };
  const told = [];
  for (const command of before) told.push(await run(command, options));
  const child = spawn(wanted("CONCORD_BIN"), args, { ...options, stdio: ["ignore", "pipe", "pipe"] });
  let log = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (data) => (log += data));
  const gone = new Promise((done) => child.once("exit", done));
  process.once("exit", () => child.kill("SIGKILL"));
  const running = {
    port,
    folder,
    before: told,
    log: () => log,
    run: (command) => run(command, options),
    async stop() {
      child.kill("SIGTERM");
      const hard = setTimeout(() => child.kill("SIGKILL"), 5000);
      await gone;
      clearTimeout(hard);
      writeFileSync(join(folder, "server.log"), log);
      leave(folder);
    },
  };
  for (let tries = 0; tries < 600; tries += 1) {
    if (child.exitCode !== null) throw new Error(`ended with ${child.exitCode}:\n${log}`);
    if (await answers(ready.port, ready.path, ready.host)) return running;
    await pause(100);
  }
  await running.stop();
  throw new Error(`not ready after a minute:\n${log}`);
}

/** Runs one `concord` command to its end and returns what it printed. */
export async function run(args, options) {
  const child = spawn(wanted("CONCORD_BIN"), args, { ...options, stdio: ["ignore", "pipe", "pipe"] });
  let [out, log] = ["", ""];
  child.stdout.on("data", (data) => (out += data));
  child.stderr.on("data", (data) => (log += data));
  const code = await new Promise((done) => child.once("exit", done));
  if (code !== 0) throw new Error(`concord ${args.join(" ")} ended with ${code}:\n${out}${log}`);
  return out;
}

/** The demo ecosystem on a free port, with a store of its own. */
export function demo(...more) {
  return start((port, management, folder) => ({
    args: ["demo", "--data", join(folder, "demo"), "--listen", `127.0.0.1:${port}`, ...more],
    environment: { CONCORD_SERVER__MANAGEMENT_LISTEN: `127.0.0.1:${management}` },
    ready: { port, path: "/.well-known/openid-configuration", host: `id.localhost:${port}` },
  }));
}
