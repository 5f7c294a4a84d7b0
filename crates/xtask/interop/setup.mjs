// Finds, or installs, what the matrix needs: playwright-core from npm and a Chromium from the system.

import { spawnSync } from "node:child_process";
import { accessSync, constants, existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

export const HERE = dirname(fileURLToPath(import.meta.url));
const NAMES = ["chromium", "chromium-browser", "google-chrome-stable", "google-chrome"];

/// The matrix cannot run on this machine, which is not the same as failing.
export class CannotRun extends Error {}

export async function playwright() {
  if (!existsSync(join(HERE, "node_modules", "playwright-core"))) {
    run("npm", ["ci", "--no-audit", "--no-fund"], "playwright-core could not be installed");
  }
  return (await import("playwright-core")).chromium;
}

/// Path of a Chromium: $CHROMIUM, one on the PATH, or a fresh one from Debian.
export function chromiumPath() {
  if (process.env.CHROMIUM) return process.env.CHROMIUM;
  return onPath() ?? installed();
}

function onPath() {
  const folders = (process.env.PATH ?? "").split(":").filter(Boolean);
  return folders.flatMap((folder) => NAMES.map((name) => join(folder, name))).find(executable);
}

function installed() {
  const asRoot = process.getuid() === 0 ? [] : ["sudo", "-n"];
  const install = [...asRoot, "apt-get", "install", "-y", "--no-install-recommends", "chromium"];
  const update = [...asRoot, "apt-get", "update"];
  if (spawnSync(update[0], update.slice(1), { stdio: "ignore" }).error) {
    throw new CannotRun("there is no Chromium, and no apt-get to install one with; set CHROMIUM to its path");
  }
  run(install[0], install.slice(1), "Chromium could not be installed");
  const path = onPath();
  if (!path) throw new CannotRun("Chromium was installed but is not on the PATH");
  return path;
}

function run(command, args, trouble) {
  console.log(`+ ${command} ${args.join(" ")}`);
  const { status, error, stderr } = spawnSync(command, args, { cwd: HERE, encoding: "utf8" });
  if (status !== 0) throw new CannotRun(`${trouble}: ${error?.message ?? stderr.trim().split("\n").at(-1)}`);
}

function executable(path) {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
