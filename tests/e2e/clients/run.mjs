// Starts `concord serve` with one service and lets each foreign client do its work against it:  node clients/run.mjs PYTHON
import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { join } from "node:path";
import { start } from "../lib/program.mjs";

const here = (name) => fileURLToPath(new URL(name, import.meta.url));
const [python] = process.argv.slice(2);

function server() {
  return start((port, management, folder) => ({
    before: [["service", "apply", here("shop.toml"), "--output", "json"]],
    args: ["serve"],
    environment: {
      CONCORD_ISSUER: `http://localhost:${port}`,
      CONCORD_SERVER__LISTEN: `127.0.0.1:${port}`,
      CONCORD_SERVER__MANAGEMENT_LISTEN: `127.0.0.1:${management}`,
      CONCORD_DATA_DIR: join(folder, "data"),
      CONCORD_KEYS__DIR: join(folder, "keys"),
      CONCORD_LOG__LEVEL: "warn",
    },
    ready: { port: management, path: "/readyz", host: "localhost" },
  }));
}

/** Runs one client to its end; it prints its own "ok" lines. */
function client(command, environment) {
  const child = spawn(command[0], command.slice(1), { stdio: "inherit", env: { ...process.env, ...environment } });
  return new Promise((done) => child.once("exit", done).once("error", (error) => done(console.error(error))));
}

let failed = 0;
let program;
try {
  program = await server();
  const { client_id: CLIENT_ID, client_secret: CLIENT_SECRET } = JSON.parse(program.before[0]).secrets[0];
  const common = {
    ISSUER: `http://localhost:${program.port}`,
    CLIENT_ID,
    CLIENT_SECRET,
    REDIRECT_URI: "http://shop.localhost/callback",
    POST_LOGOUT_REDIRECT_URI: "http://shop.localhost/signed-out",
    MAIL_DIR: join(program.folder, "data", "mail"),
  };
  for (const [person, command] of [
    ["nadia@example.org", [process.execPath, here("openid_client.mjs")]],
    ["anton@example.org", [python, here("authlib_client.py")]],
  ]) {
    if ((await client(command, { ...common, PERSON_EMAIL: person })) !== 0) {
      failed += 1;
      console.error(program.log());
    }
  }
} catch (error) {
  failed += 1;
  console.log("not ok clients: the server starts with a service");
  console.error(error);
} finally {
  await program?.stop();
}
process.exit(failed === 0 ? 0 : 1);
