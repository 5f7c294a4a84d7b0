// Makes this page a peer with the verbs of the program stdio_peer, told apart by `k`; and some more that only
// a browser is asked for: `echoRun`, and what getStats() says in `state`.

const STUCK_MS = 30_000;
const BUFFERED_HIGH = 1 << 20;
const BUFFERED_LOW = 256 << 10;

window.peer = {
  connections: new Map(),

  async call(line) {
    const k = line.k ?? 0;
    if (!this.connections.has(k)) this.connections.set(k, new Peer());
    const peer = this.connections.get(k);
    if (typeof peer[line.cmd] !== "function") throw new Error(`unknown verb ${line.cmd}`);
    return (await peer[line.cmd](line)) ?? {};
  },
};

// What a peer sends when it was asked for a number of bytes only.
function pattern(size) {
  return Uint8Array.from({ length: size }, (_, index) => index % 251);
}

function isPattern(bytes) {
  return bytes.every((byte, index) => byte === index % 251);
}

class Peer {
  constructor() {
    this.pc = new RTCPeerConnection();
    this.channels = new Map();
    this.recv = [];
    this.broken = 0;
    this.echoes = false;
    this.counting = null;
    this.pc.addEventListener("datachannel", ({ channel }) => this.#adopt(channel));
  }

  async offer({ dc, data = true, audio, video }) {
    if (audio || video) await this.addMedia({ audio, video });
    if (data && !this.channels.size) this.#adopt(this.pc.createDataChannel("chat", dc));
    await this.pc.setLocalDescription(await this.pc.createOffer());
    return this.#gathered();
  }

  async answer({ sdp }) {
    if (!this.pc.remoteDescription) this.echoes = true;
    await this.pc.setRemoteDescription({ type: "offer", sdp });
    if (this.camera) await this.answerWithMedia();
    await this.pc.setLocalDescription();
    return this.#gathered();
  }

  async setAnswer({ sdp }) { await this.pc.setRemoteDescription({ type: "answer", sdp }); }
  async addCandidate({ candidate }) { await this.pc.addIceCandidate(candidate); }
  restartIce() { this.pc.restartIce(); }
  createChannel({ label, dc }) { this.#adopt(this.pc.createDataChannel(label, dc)); }
  closeChannel({ label }) { this.#channel(label).close(); }
  close() { this.pc.close(); }
  closeOne() { this.pc.close(); }

  send({ label, data, size }) {
    this.#channel(label).send(data ?? pattern(size));
  }

  async state() {
    const stats = this.pc.signalingState === "closed" ? [] : [...(await this.pc.getStats()).values()];
    const transport = stats.find(({ type }) => type === "transport") ?? {};
    return {
      conn: this.pc.connectionState, ice: this.pc.iceConnectionState, dc: this.channels.get("chat")?.readyState,
      recv: this.recv, broken: this.broken, tls: transport.tlsVersion, cipher: transport.dtlsCipher, role: transport.dtlsRole,
      channels: [...this.channels.values()].map(({ label, readyState: state, ordered, maxRetransmits, maxPacketLifeTime, protocol }) =>
        ({ label, state, ordered, maxRetransmits, maxPacketLifeTime, protocol })),
    };
  }

  // `total` 0 ends the counting.
  expect({ total, hash }) {
    this.counting = total ? { total, got: 0, parts: hash ? [] : null } : null;
    if (total) this.counting.finished = new Promise((resolve) => { this.counting.done = resolve; });
  }

  async waitRecv() {
    const { finished, total, parts } = this.counting;
    const t = await soon(finished, () => `${this.counting.got} of ${total} bytes arrived`);
    return { t, got: this.counting.got, ...parts && { sha256: await sha256(parts) } };
  }

  // With `hash`, each message begins with its number, and the reply carries the SHA-256 of all that was sent.
  async bench({ size, total, label, hash }) {
    const channel = this.#channel(label);
    const block = pattern(size);
    const parts = [];
    const t0 = now();
    let sent = 0;
    for (let number = 0; sent < total; number += 1) {
      const message = block.slice(0, Math.min(size, total - sent));
      if (hash) {
        if (message.length >= 4) new DataView(message.buffer).setUint32(0, number, true);
        parts.push(message);
      }
      channel.send(message);
      sent += message.length;
      if (channel.bufferedAmount > BUFFERED_HIGH) await this.#low(channel);
    }
    return { t0, t1: now(), sent, ...hash && { sha256: await sha256(parts) } };
  }

  // Sends random messages to a peer that echoes, and compares what comes back, in order.
  async echoRun({ size, total, label }) {
    const channel = this.#channel(label);
    const sent = [];
    let back = 0;
    const all = new Promise((resolve, reject) => {
      this.compare = (message) => {
        const expected = sent[back++];
        if (!(message instanceof ArrayBuffer) || !same(expected, new Uint8Array(message))) reject(new Error(`message ${back - 1} came back changed`));
        else if (back * size >= total) resolve();
      };
    });
    for (let bytes = 0; bytes < total; bytes += size) {
      const block = crypto.getRandomValues(new Uint8Array(size));
      sent.push(block);
      channel.send(block);
      if (channel.bufferedAmount > BUFFERED_HIGH) await this.#low(channel);
    }
    try {
      await soon(all, () => `${back} of ${sent.length} messages came back`);
    } finally {
      this.compare = null;
    }
    return { messages: sent.length };
  }

  #adopt(channel) {
    channel.binaryType = "arraybuffer";
    channel.bufferedAmountLowThreshold = BUFFERED_LOW;
    this.channels.set(channel.label, channel);
    channel.addEventListener("message", ({ data }) => this.#message(channel, data));
  }

  #message(channel, data) {
    if (this.compare) return this.compare(data);
    const binary = typeof data !== "string";
    if (this.counting) return this.#count(binary ? data : new TextEncoder().encode(data));
    if (binary && !this.echoes && !isPattern(new Uint8Array(data))) this.broken += 1;
    this.recv.push(binary ? `bin:${data.byteLength}` : data);
    if (this.echoes) channel.send(binary ? data : `echo:${data}`);
  }

  #count(data) {
    this.counting.parts?.push(data);
    this.counting.got += data.byteLength;
    if (this.counting.got >= this.counting.total) this.counting.done(now());
  }

  #channel(label = "chat") {
    const channel = this.channels.get(label);
    if (!channel) throw new Error(`no channel ${label}`);
    return channel;
  }

  #low(channel) {
    const low = new Promise((resolve) => channel.addEventListener("bufferedamountlow", resolve, { once: true }));
    return soon(low, () => `${channel.bufferedAmount} bytes stay in the buffer`);
  }

  async #gathered() {
    const { pc } = this;
    await soon(new Promise((resolve) => {
      const check = () => pc.iceGatheringState === "complete" && resolve();
      pc.addEventListener("icegatheringstatechange", check);
      check();
    }), () => "gathering does not end");
    return { sdp: pc.localDescription.sdp };
  }
}

function same(a, b) {
  return a.length === b.length && a.every((byte, index) => byte === b[index]);
}

async function sha256(parts) {
  const digest = await crypto.subtle.digest("SHA-256", await new Blob(parts).arrayBuffer());
  return Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

function now() {
  return (performance.timeOrigin + performance.now()) / 1000;
}

function soon(promise, words) {
  const late = new Promise((_, reject) => setTimeout(() => reject(new Error(words())), STUCK_MS));
  return Promise.race([promise, late]);
}
