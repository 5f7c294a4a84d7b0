// Files over the channel "file": a JSON header {name,size,type}, binary messages of at most 16 KiB, and from
// the receiver of a file its {sha256,size}. {"sendBack":true} asks for the last file again.

import { bufferedLow } from "./measure.js";

const CHUNK_BYTES = 16 << 10;
const READ_BYTES = 1 << 20;
const BUFFERED_HIGH = 1 << 20;
const BUFFERED_LOW = 256 << 10;
export const LARGEST_FILE = 256 << 20;

export class FileTransfer {
  constructor(channel) {
    this.channel = channel;
    this.busy = false;
    channel.bufferedAmountLowThreshold = BUFFERED_LOW;
    channel.addEventListener("message", ({ data }) => this.incoming?.(data));
    channel.addEventListener("close", () => this.failed?.(new Error("the connection ended during the transfer")));
  }

  // Sends a file. Resolves to { page, server, size }: its checksums as both ends computed them.
  async send(file, progress) {
    if (file.size > LARGEST_FILE) throw new Error("the file is larger than 256 MB");
    return this.#alone(async () => {
      const reply = this.#reply();
      // The reply is awaited last: until then, a failure of the sending is the better story.
      reply.catch(() => {});
      this.channel.send(JSON.stringify({ name: file.name, size: file.size, type: file.type }));
      await this.#sendBytes(file, progress);
      const [{ sha256, size }, page] = await Promise.all([reply, digest(await file.arrayBuffer())]);
      progress(file.size);
      return { page, server: sha256, size };
    });
  }

  // Asks for the last file. Resolves to { name, blob, page, server }.
  async sendBack(progress) {
    return this.#alone(async () => {
      const reply = this.#receive(progress);
      this.channel.send(JSON.stringify({ sendBack: true }));
      const { header, parts, trailer } = await reply;
      const blob = new Blob(parts, { type: header.type });
      if (blob.size !== header.size) throw new Error(`${blob.size} of ${header.size} bytes came back`);
      return { name: header.name, blob, page: await digest(await blob.arrayBuffer()), server: trailer.sha256 };
    });
  }

  async #alone(work) {
    if (this.busy) throw new Error("a transfer is still under way");
    if (this.channel.readyState !== "open") throw new Error("there is no connection");
    this.busy = true;
    try {
      return await work();
    } finally {
      this.busy = false;
      this.incoming = this.failed = null;
    }
  }

  async #sendBytes(file, progress) {
    for (let start = 0; start < file.size; start += READ_BYTES) {
      const block = new Uint8Array(await file.slice(start, start + READ_BYTES).arrayBuffer());
      for (let at = 0; at < block.length; at += CHUNK_BYTES) {
        if (this.channel.bufferedAmount > BUFFERED_HIGH) await bufferedLow(this.channel);
        this.channel.send(block.subarray(at, at + CHUNK_BYTES));
        progress(start + at - this.channel.bufferedAmount);
      }
    }
  }

  // The server's next word.
  #reply() {
    return new Promise((resolve, reject) => {
      this.failed = reject;
      this.incoming = (data) => {
        if (typeof data !== "string") return;
        const word = JSON.parse(data);
        if (word.error) reject(new Error(word.error));
        else resolve(word);
      };
    });
  }

  #receive(progress) {
    return new Promise((resolve, reject) => {
      let header = null;
      let got = 0;
      const parts = [];
      this.failed = reject;
      this.incoming = (data) => {
        if (typeof data !== "string") {
          parts.push(data);
          got += data.byteLength;
          progress(got, header?.size ?? 0);
          return;
        }
        const word = JSON.parse(data);
        if (word.error) reject(new Error(word.error));
        else if (header) resolve({ header, parts, trailer: word });
        else header = word;
      };
    });
  }
}

// SHA-256 in hex, or null where the browser offers none (pages that are not from localhost or HTTPS).
async function digest(buffer) {
  if (!globalThis.crypto?.subtle) return null;
  const bytes = new Uint8Array(await crypto.subtle.digest("SHA-256", buffer));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
