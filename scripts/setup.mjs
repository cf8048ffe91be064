// What `npm run demo` and `npm test` need before they can start, on a machine with nothing but Node, npm and git.
// Plain JavaScript without dependencies, because it runs before anything is installed or built.
import { spawnSync } from "node:child_process";
import { existsSync, statSync } from "node:fs";
import { fileURLToPath } from "node:url";

export const root = fileURLToPath(new URL("..", import.meta.url));

const packageManagers = [
  { command: "apt-get", refresh: ["update", "-qq"], install: ["install", "-y", "-qq", "--no-install-recommends"] },
  { command: "dnf", install: ["install", "-y", "-q"] },
  { command: "apk", install: ["add", "-q"] },
  { command: "brew", install: ["install", "-q"], asUser: true },
];

/** The package that brings a program, by package manager. */
const packages = {
  "redis-server": { "apt-get": "redis-server", dnf: "redis", apk: "redis", brew: "redis" },
  chromium: { "apt-get": "chromium", dnf: "chromium", apk: "chromium", brew: "chromium" },
};

/** Programs that do as well. */
const substitutes = { chromium: ["chromium-browser", "google-chrome", "google-chrome-stable"] };

export function fail(message) {
  process.stderr.write(`${message}\n`);
  process.exit(1);
}

function say(message) {
  process.stderr.write(`${message}\n`);
}

/** Runs a command in the repository's root; its output is shown only when it fails. */
function quietly(command, args, env = {}) {
  const result = spawnSync(command, args, { cwd: root, encoding: "utf8", env: { ...process.env, ...env } });
  if (result.status === 0) return true;
  process.stderr.write(result.stdout ?? "");
  process.stderr.write(result.stderr ?? "");
  return false;
}

function has(program) {
  return spawnSync("sh", ["-c", `command -v ${program}`]).status === 0;
}

function checkNode() {
  const [major, minor] = process.versions.node.split(".").map(Number);
  if (major < 20 || (major === 20 && minor < 19)) {
    fail(`Node ${process.versions.node} is too old: labelfleet needs 20.19 or newer`);
  }
}

function installNpmPackages() {
  const installed = `${root}node_modules/.package-lock.json`;
  const lock = `${root}package-lock.json`;
  if (existsSync(installed) && statSync(installed).mtimeMs >= statSync(lock).mtimeMs) return;
  say("Installing npm packages …");
  if (!quietly("npm", ["ci", "--no-audit", "--no-fund"])) fail("npm ci failed: see above");
}

function build() {
  say("Building …");
  const args = ["turbo", "run", "build", "--output-logs=errors-only", "--ui=stream"];
  const env = { TURBO_TELEMETRY_DISABLED: "1", DO_NOT_TRACK: "1" };
  if (!quietly("npx", ["--no-install", ...args], env)) fail("the build failed: see above");
}

/** Installs a program with the system's package manager, as root or with sudo. */
function ensureProgram(program) {
  if ([program, ...(substitutes[program] ?? [])].some(has)) return;
  const manager = packageManagers.find(({ command }) => has(command));
  const packageName = manager && packages[program][manager.command];
  if (!packageName) fail(`${program} is missing: install it, so that it is on the PATH`);
  const isRoot = process.getuid?.() === 0;
  const byHand = `${program} is missing: run \`${isRoot ? "" : "sudo "}${manager.command} install ${packageName}\``;
  const prefix = isRoot || manager.asUser ? [] : ["sudo", "-n"];
  if (prefix.length > 0 && !has("sudo")) fail(byHand);
  say(`Installing ${packageName} with ${manager.command} …`);
  const run = (args) => {
    const [command, ...rest] = [...prefix, manager.command, ...args];
    return quietly(command, rest, { DEBIAN_FRONTEND: "noninteractive", RUNLEVEL: "1" });
  };
  if (manager.refresh) run(manager.refresh);
  if (!run([...manager.install, packageName]) || !has(program)) fail(byHand);
}

/** @param programs beyond redis-server, what the caller needs */
export function setUp(programs = []) {
  checkNode();
  installNpmPackages();
  build();
  for (const program of ["redis-server", ...programs]) ensureProgram(program);
}
