// A relay between two peers that loses packets, by a generator that a seed determines.

import { createSocket } from "node:dgram";

export class Relay {
  /// Loses that share of the packets, each way, from now on.
  loss = 0;
  seen = 0;
  lost = 0;

  static async open(seed = 1) {
    const relay = new Relay();
    relay.random = generator(seed);
    relay.sides = [await bound(), await bound()];
    relay.targets = [null, null];
    relay.sides.forEach((socket, side) => socket.on("message", (packet) => relay.#pass(packet, side)));
    return relay;
  }

  /// The description of a side as the other one is to see it: with this relay in its place.
  through(sdp, side) {
    const own = /^a=candidate:\S+ 1 udp \d+ (\d+\.\d+\.\d+\.\d+) (\d+) typ host/mi.exec(sdp);
    if (!own) throw new Error("no IPv4 host candidate to stand before");
    const [, address, port] = own;
    this.targets[side] = { address, port: Number(port) };
    const standIn = `a=candidate:1 1 udp 2130706431 ${address} ${this.sides[side].address().port} typ host\r\n`;
    let isFirst = true;
    return sdp.replace(/^a=candidate:.*\r?\n/gm, "").replace(/^a=mid:.*\r?\n/gm, (mid) => {
      const line = isFirst ? mid + standIn : mid;
      isFirst = false;
      return line;
    });
  }

  close() {
    for (const socket of this.sides) socket.close();
  }

  // What arrives in one side's place is for that side, and comes to it from the other's place.
  #pass(packet, side) {
    const target = this.targets[side];
    if (!target) return;
    this.seen += 1;
    if (this.random() < this.loss) this.lost += 1;
    else this.sides[1 - side].send(packet, target.port, target.address);
  }
}

function bound() {
  const socket = createSocket({ type: "udp4", recvBufferSize: 1 << 21, sendBufferSize: 1 << 21 });
  return new Promise((resolve, reject) => {
    socket.once("error", reject);
    socket.bind(0, () => resolve(socket));
  });
}

// mulberry32: numbers from 0 to 1 that are the same for the same seed.
function generator(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}
