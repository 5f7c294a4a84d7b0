// Two measurements over data channels: round-trip time on a lossy one, throughput on a reliable one.

const PING_EVERY_MS = 100;
const PING_LOST_MS = 2000;
const PINGS_KEPT = 300;
const MESSAGE_BYTES = 65536;
const BUFFERED_HIGH = 1 << 20;
const BUFFERED_LOW = 256 << 10;
const SAMPLE_MS = 100;

// Sends a numbered message ten times a second; the server echoes each. Calls `report` with the numbers.
export class Pinger {
  constructor(channel, chart, report) {
    Object.assign(this, { channel, chart, report });
    this.sent = 0;
    this.lost = 0;
    this.waiting = new Map();
    this.times = [];
    channel.addEventListener("message", ({ data }) => this.#replied(data));
    this.timer = setInterval(() => this.#tick(), PING_EVERY_MS);
  }

  stop() { clearInterval(this.timer); }

  #tick() {
    if (this.channel.readyState !== "open") return this.stop();
    const now = performance.now();
    for (const [number, time] of this.waiting) {
      if (now - time < PING_LOST_MS) break;
      this.waiting.delete(number);
      this.lost += 1;
      this.chart.mark(time);
    }
    this.waiting.set(this.sent, now);
    this.channel.send(new Uint32Array([this.sent]));
    this.sent += 1;
    this.#tell();
  }

  #replied(data) {
    const number = data.byteLength === 4 ? new Uint32Array(data)[0] : NaN;
    const time = this.waiting.get(number);
    if (time === undefined) return;
    this.waiting.delete(number);
    const now = performance.now();
    this.times.push(now - time);
    if (this.times.length > PINGS_KEPT) this.times.shift();
    this.chart.add(0, now, now - time);
  }

  #tell() {
    const sorted = this.times.toSorted((a, b) => a - b);
    const at = (share) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))];
    this.report({ last: this.times.at(-1), median: at(0.5), p95: at(0.95), lost: this.lost, sent: this.sent });
  }
}

// One run each way. The server counts what it is sent and says so, then sends as much.
export class Throughput {
  constructor(pc, channel, chart) {
    Object.assign(this, { pc, channel, chart });
    channel.bufferedAmountLowThreshold = BUFFERED_LOW;
    this.received = 0;
    channel.addEventListener("message", ({ data }) => this.#message(data));
  }

  // Sends `total` bytes; resolves to bytes a second as the receiver saw them.
  async up(total, report) {
    const size = Math.min(MESSAGE_BYTES, this.pc.sctp?.maxMessageSize ?? MESSAGE_BYTES);
    const block = new Uint8Array(size);
    let sent = 0;
    const sampler = this.#sample(0, () => sent - this.channel.bufferedAmount, report);
    const begin = performance.now();
    try {
      this.channel.send(JSON.stringify({ up: total }));
      while (sent < total) {
        const bytes = Math.min(size, total - sent);
        this.channel.send(bytes === size ? block : block.subarray(0, bytes));
        sent += bytes;
        if (this.channel.bufferedAmount > BUFFERED_HIGH) await this.#low();
      }
      await this.#word();
    } finally {
      sampler.stop();
    }
    return total / (performance.now() - begin) * 1000;
  }

  // Asks for `total` bytes; resolves to bytes a second.
  async down(total, report) {
    this.received = 0;
    const sampler = this.#sample(1, () => this.received, report);
    const begin = performance.now();
    try {
      this.channel.send(JSON.stringify({ down: total }));
      await this.#word();
    } finally {
      sampler.stop();
    }
    return this.received / (performance.now() - begin) * 1000;
  }

  #message(data) {
    if (typeof data === "string") this.answered?.(JSON.parse(data));
    else this.received += data.byteLength;
  }

  // The server's next text message.
  #word() {
    return new Promise((resolve, reject) => {
      const closed = () => reject(new Error("the connection ended during the run"));
      this.channel.addEventListener("close", closed, { once: true });
      this.answered = (word) => {
        this.channel.removeEventListener("close", closed);
        if (word.error) reject(new Error(word.error));
        else resolve(word);
      };
    });
  }

  #low() { return bufferedLow(this.channel); }

  #sample(index, count, report) {
    let before = { time: performance.now(), bytes: 0 };
    const take = () => {
      const now = { time: performance.now(), bytes: count() };
      if (now.time - before.time < SAMPLE_MS / 2) return;
      const rate = (now.bytes - before.bytes) / (now.time - before.time) * 1000;
      before = now;
      this.chart.add(index, now.time, Math.max(0, rate));
      report(rate);
    };
    const timer = setInterval(take, SAMPLE_MS);
    return { stop: () => { clearInterval(timer); take(); } };
  }
}

// Resolves when the channel has drained to its threshold; rejects when it closes first.
export function bufferedLow(channel) {
  return new Promise((resolve, reject) => {
    const done = () => {
      channel.removeEventListener("bufferedamountlow", low);
      channel.removeEventListener("close", closed);
    };
    const low = () => { done(); resolve(); };
    const closed = () => { done(); reject(new Error("the channel closed")); };
    channel.addEventListener("bufferedamountlow", low);
    channel.addEventListener("close", closed);
  });
}
