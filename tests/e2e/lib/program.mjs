// Starts the program and waits until it is ready; ends it whatever happens.
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { wanted } from "./report.mjs";

export function freePort() {
  return new Promise((done, failed) => {
    const server = createServer().once("error", failed).listen(0, "127.0.0.1", () => {
      const { port } = server.address();
      server.close(() => done(port));
    });
  });
}

export const temporary = (name) => mkdtempSync(join(tmpdir(), `concord-${name}-`));

/** Runs `concord ARGUMENTS` until `stop()`; ready when the management listener says so. */
export async function start(args, environment = {}) {
  const [port, management] = [await freePort(), await freePort()];
  const folder = temporary("e2e");
  const child = spawn(wanted("CONCORD_BIN"), args(port, folder), {
    cwd: folder,
    env: { ...process.env, CONCORD_SERVER__MANAGEMENT_LISTEN: `127.0.0.1:${management}`, NO_COLOR: "1", ...environment(port, folder) },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let log = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (data) => (log += data));
  const gone = new Promise((done) => child.once("exit", done));
  process.once("exit", () => child.kill("SIGKILL"));
  const running = {
    port,
    folder,
    log: () => log,
    async stop() {
      child.kill("SIGTERM");
      const hard = setTimeout(() => child.kill("SIGKILL"), 5000);
      await gone;
      clearTimeout(hard);
      rmSync(folder, { recursive: true, force: true });
    },
  };
  for (let tries = 0; tries < 600; tries += 1) {
    if (child.exitCode !== null) throw new Error(`ended with ${child.exitCode}:\n${log}`);
    const answer = await fetch(`http://127.0.0.1:${management}/readyz`).catch(() => null);
    if (answer?.ok) return running;
    await new Promise((done) => setTimeout(done, 50));
  }
  await running.stop();
  throw new Error(`not ready after half a minute:\n${log}`);
}
