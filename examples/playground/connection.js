// One RTCPeerConnection to the server: offer out and answer back over HTTP. What is negotiated later goes over the
// data channel "signal".
// Dispatches "step" (how far the set-up came), "state", "log", "trouble" (words for people), "server"
// (what the server tells about the connection), "open" and "over".

const GATHERING_LIMIT_MS = 3000;
const OPENING_LIMIT_MS = 15000;

const CHANNELS = {
  chat: {},
  file: {},
  ping: { ordered: false, maxRetransmits: 0 },
  signal: {},
  throughput: {},
};

export class Connection extends EventTarget {
  constructor() {
    super();
    this.pc = null;
    this.channels = {};
    this.everConnected = false;
    this.closed = false;
  }

  async open() {
    const pc = this.pc = new RTCPeerConnection();
    this.#watch(pc);
    pc.addEventListener("datachannel", ({ channel }) => this.#incoming(channel));
    for (const [label, init] of Object.entries(CHANNELS)) this.#addChannel(pc.createDataChannel(label, init));
    this.timer = setTimeout(() => this.#tooSlow(), OPENING_LIMIT_MS);
    try {
      await pc.setLocalDescription();
      await gathered(pc);
      this.#step("offer", "The offer is ready");
      const answer = await exchange(pc.localDescription.sdp);
      if (this.closed) return;
      await pc.setRemoteDescription({ type: "answer", sdp: answer }).catch((error) => {
        throw new Trouble(`The browser could not make sense of the server's answer: ${error.message}`);
      });
      this.#step("answer", "The server answered");
    } catch (error) {
      if (this.closed) return;
      this.#trouble(error instanceof Trouble ? error.message : `Something unexpected went wrong: ${error.message}`);
      this.close();
    }
  }

  // Ends it without a word to the user: they asked for it, or were told already.
  close() {
    if (this.closed) return;
    this.closed = true;
    clearTimeout(this.timer);
    this.pc?.close();
    this.#emit("over");
  }

  #watch(pc) {
    const states = ["signalingState", "iceGatheringState", "iceConnectionState", "connectionState"];
    const events = { signalingState: "signalingstatechange", iceGatheringState: "icegatheringstatechange",
      iceConnectionState: "iceconnectionstatechange", connectionState: "connectionstatechange" };
    for (const state of states) {
      pc.addEventListener(events[state], () => this.#emit("state", { name: state, value: pc[state] }));
    }
    pc.addEventListener("iceconnectionstatechange", () => this.#iceChanged(pc.iceConnectionState));
    pc.addEventListener("connectionstatechange", () => this.#connectionChanged(pc.connectionState));
  }

  #iceChanged(state) {
    this.#log(`ICE is ${state}`);
    if (state === "connected" || state === "completed") this.#step("ice");
  }

  #connectionChanged(state) {
    this.#log(`The connection is ${state}`);
    if (state === "connected") {
      this.everConnected = true;
      this.#step("dtls");
    } else if (state === "failed") {
      this.#trouble(this.#whyFailed());
      this.close();
    } else if (state === "closed" && !this.closed) {
      this.#serverLeft();
    }
  }

  #whyFailed() {
    if (this.everConnected) return "The connection was lost: the server has not been heard from for a while. Is it still running?";
    if (this.pc.sctp?.transport?.state === "failed") return "A path to the server was found, but the encrypted handshake over it failed.";
    return "No network path to the server was found. The usual reason is a firewall that blocks UDP.";
  }

  #tooSlow() {
    const connected = this.pc.connectionState === "connected";
    this.#trouble(connected
      ? "The connection is up, but its data channels did not open in time."
      : "The server could not be reached over UDP in time. A firewall may be in the way.");
    this.close();
  }

  // The server opens one channel too: over it, it tells how the connection looks from its end.
  #incoming(channel) {
    if (channel.label !== "server") return;
    channel.addEventListener("message", ({ data }) => this.#emit("server", JSON.parse(data)));
  }

  #addChannel(channel) {
    channel.binaryType = "arraybuffer";
    this.channels[channel.label] = channel;
    channel.addEventListener("open", () => this.#channelOpened(channel));
    channel.addEventListener("close", () => this.#channelClosed(channel));
    channel.addEventListener("error", ({ error }) => {
      if (!this.closed) this.#log(`Channel “${channel.label}”: ${error.message}`);
    });
  }

  #channelOpened(channel) {
    this.#step("sctp");
    this.#log(`Channel “${channel.label}” is open`);
    if (Object.values(this.channels).some(({ readyState }) => readyState !== "open")) return;
    clearTimeout(this.timer);
    this.#step("channels");
    this.#emit("open");
  }

  #channelClosed(channel) {
    if (this.closed) return;
    this.#log(`Channel “${channel.label}” closed`);
    if (Object.values(this.channels).every(({ readyState }) => readyState === "closed")) this.#serverLeft();
  }

  #serverLeft() {
    this.#trouble("The server closed the connection.");
    this.close();
  }

  #step(name, words) {
    this.#emit("step", { name });
    if (words) this.#log(words);
  }

  #log(words) { this.#emit("log", { words }); }
  #trouble(words) { this.#emit("trouble", { words }); }
  #emit(type, detail) { this.dispatchEvent(new CustomEvent(type, { detail })); }
}

// A failure that has words for people.
class Trouble extends Error {}

// Waits until the offer holds every candidate, but never long.
function gathered(pc) {
  return new Promise((resolve) => {
    const check = () => pc.iceGatheringState === "complete" && resolve();
    pc.addEventListener("icegatheringstatechange", check);
    setTimeout(resolve, GATHERING_LIMIT_MS);
    check();
  });
}

async function exchange(offer) {
  let response;
  try {
    response = await fetch("/offer", { method: "POST", headers: { "content-type": "application/sdp" }, body: offer });
  } catch {
    throw new Trouble("The server cannot be reached. Is the playground program still running?");
  }
  const body = await response.text();
  if (!response.ok) throw new Trouble(`The server refused the offer: ${body.trim() || response.statusText} (HTTP ${response.status}).`);
  return body;
}
