// The program stdio_peer as a child process: JSON lines in, JSON lines out, matched by id.

import { spawn } from "node:child_process";
import { createInterface } from "node:readline";

const REPLY_LIMIT_MS = 60_000;

export class StdioPeer {
  static async open(path, env = {}) {
    const peer = new StdioPeer(path, env);
    await withLimit(peer.ready, "stdio_peer did not say that it is ready");
    return peer;
  }

  constructor(path, env) {
    this.child = spawn(path, { stdio: ["pipe", "pipe", "inherit"], env: { ...process.env, ...env } });
    this.calls = new Map();
    this.next = 1;
    this.ready = new Promise((resolve) => { this.becameReady = resolve; });
    this.exited = new Promise((resolve) => {
      this.child.on("exit", (code, signal) => { resolve(code ?? signal); this.#ended(`stdio_peer ended (${code ?? signal})`); });
      this.child.on("error", (error) => { resolve(error.code); this.#ended(error.message); });
    });
    this.child.stdin.on("error", () => {});
    createInterface({ input: this.child.stdout }).on("line", (line) => this.#line(line));
  }

  call(cmd, args = {}) {
    const id = this.next++;
    const reply = new Promise((resolve, reject) => this.calls.set(id, { resolve, reject }));
    this.child.stdin.write(`${JSON.stringify({ id, cmd, ...args })}\n`);
    return withLimit(reply, `no reply to ${cmd}`);
  }

  async end() {
    this.child.stdin.end();
    const timer = setTimeout(() => this.child.kill("SIGKILL"), 2000);
    await this.exited;
    clearTimeout(timer);
  }

  #line(line) {
    const { id, ready, error, ...reply } = JSON.parse(line);
    if (ready) return this.becameReady();
    const call = this.calls.get(id);
    this.calls.delete(id);
    if (error) call?.reject(new Error(error));
    else call?.resolve(reply);
  }

  #ended(reason) {
    for (const { reject } of this.calls.values()) reject(new Error(reason));
    this.calls.clear();
  }
}

function withLimit(promise, words) {
  let timer;
  const late = new Promise((_, reject) => { timer = setTimeout(() => reject(new Error(words)), REPLY_LIMIT_MS); });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}
