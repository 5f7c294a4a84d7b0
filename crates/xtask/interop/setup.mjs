// Finds, or installs, what the matrix needs: playwright-core from npm, and a Chromium.

import { spawnSync } from "node:child_process";
import { accessSync, constants, existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

export const HERE = dirname(fileURLToPath(import.meta.url));
const PACKAGE = join(HERE, "node_modules", "playwright-core");
const NAMES = ["chromium", "chromium-browser", "google-chrome-stable", "google-chrome"];

/// The matrix cannot run on this machine, which is not the same as failing.
export class CannotRun extends Error {}

export async function playwright() {
  if (!existsSync(PACKAGE)) {
    const trouble = run("npm", ["ci", "--no-audit", "--no-fund"]);
    if (trouble) throw new CannotRun(`playwright-core could not be installed: ${trouble}`);
  }
  return (await import("playwright-core")).chromium;
}

/// Path of a Chromium: $CHROMIUM, one on the PATH, Playwright's own, or a fresh one.
export function chromiumPath(playwrightsChromium) {
  if (process.env.CHROMIUM) return process.env.CHROMIUM;
  const own = playwrightsChromium.executablePath();
  return onPath() ?? (executable(own) ? own : installed(own));
}

function installed(own) {
  const troubles = [];
  const attempt = (command, args) => {
    const trouble = run(command, args);
    if (trouble) troubles.push(trouble);
    return !trouble;
  };
  if (attempt(process.execPath, [join(PACKAGE, "cli.js"), "install", "chromium"]) && executable(own)) return own;
  // In a container the machine is ours to install things on.
  if (process.getuid() === 0 && attempt("apt-get", ["update", "-q"])
    && attempt("apt-get", ["install", "-qy", "--no-install-recommends", "chromium"])) {
    const path = onPath();
    if (path) return path;
  }
  throw new CannotRun(`there is no Chromium (set CHROMIUM to its path), and none could be installed: ${troubles.join("; ")}`);
}

function onPath() {
  const folders = (process.env.PATH ?? "").split(":").filter(Boolean);
  return folders.flatMap((folder) => NAMES.map((name) => join(folder, name))).find(executable);
}

// The trouble in words, or nothing.
function run(command, args) {
  console.log(`+ ${command} ${args.join(" ")}`);
  const { status, error, stderr } = spawnSync(command, args, { cwd: HERE, encoding: "utf8" });
  if (status === 0) return undefined;
  const lines = (stderr ?? "").trim().split("\n");
  return error?.message ?? `${command}: ${lines.find((line) => /error/i.test(line)) || lines.at(-1) || `exit code ${status}`}`;
}

function executable(path) {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
