// Camera and microphone: what they send comes back from the server. Offers and answers for them go over the
// data channel "signal", as the connection is up already.

const SIZE = { width: 640, height: 480, frameRate: 30 };
const SAMPLE_MS = 500;
const ANSWER_LIMIT_MS = 10000;

// What browsers call the reasons why there is no camera.
const REASONS = {
  NotAllowedError: "The browser was told not to give this page the camera and the microphone.",
  NotFoundError: "There is no camera or no microphone on this machine.",
  NotReadableError: "The camera or the microphone is in use by another program.",
};

export class Camera {
  constructor(pc, signal, elements, report) {
    Object.assign(this, { pc, signal, elements, report });
    this.stream = null;
    this.transceivers = [];
    pc.addEventListener("track", ({ track }) => this.#show(track));
  }

  // Throws an Error with words for people.
  async start(codec) {
    if (!navigator.mediaDevices) throw new Error("Browsers give cameras only to pages from localhost or over HTTPS.");
    this.stream = await navigator.mediaDevices.getUserMedia({ audio: true, video: SIZE }).catch((error) => {
      throw new Error(REASONS[error.name] ?? `The camera did not start: ${error.message}`);
    });
    this.elements.local.srcObject = this.stream;
    for (const track of this.stream.getTracks()) await this.#send(track);
    this.#prefer(codec);
    await this.#negotiate();
    this.before = null;
    this.timer = setInterval(() => this.#sample(), SAMPLE_MS);
  }

  async change(codec) {
    this.#prefer(codec);
    await this.#negotiate();
  }

  async stop() {
    clearInterval(this.timer);
    for (const track of this.stream?.getTracks() ?? []) track.stop();
    this.stream = this.elements.local.srcObject = this.elements.echo.srcObject = null;
    if (this.pc.signalingState === "closed") return;
    for (const { sender } of this.transceivers) await sender.replaceTrack(null);
    for (const transceiver of this.transceivers) transceiver.direction = "inactive";
    await this.#negotiate();
  }

  // The sections of a camera that was stopped are used again.
  async #send(track) {
    let transceiver = this.transceivers.find(({ receiver }) => receiver.track.kind === track.kind);
    if (transceiver) {
      await transceiver.sender.replaceTrack(track);
      transceiver.direction = "sendrecv";
      this.#show(transceiver.receiver.track);
      return;
    }
    transceiver = this.pc.addTransceiver(track, { streams: [this.stream] });
    this.transceivers.push(transceiver);
  }

  #show(track) {
    const { echo } = this.elements;
    const stream = echo.srcObject ?? new MediaStream();
    stream.addTrack(track);
    echo.srcObject = stream;
  }

  #prefer(codec) {
    const video = this.transceivers.find(({ receiver }) => receiver.track.kind === "video");
    const { codecs } = RTCRtpReceiver.getCapabilities("video");
    const liked = ({ mimeType }) => mimeType === `video/${codec}`;
    video.setCodecPreferences([...codecs.filter(liked), ...codecs.filter((one) => !liked(one))]);
  }

  async #negotiate() {
    await this.pc.setLocalDescription();
    const answer = new Promise((resolve, reject) => {
      this.signal.addEventListener("message", ({ data }) => resolve(JSON.parse(data)), { once: true });
      setTimeout(() => reject(new Error("The server did not answer in time.")), ANSWER_LIMIT_MS);
    });
    this.signal.send(JSON.stringify({ offer: this.pc.localDescription.sdp }));
    const { answer: sdp, error } = await answer;
    if (error) throw new Error(`The server did not take the camera: ${error}`);
    await this.pc.setRemoteDescription({ type: "answer", sdp });
  }

  async #sample() {
    if (this.pc.signalingState === "closed") return clearInterval(this.timer);
    const now = read([...(await this.pc.getStats()).values()], performance.now());
    if (this.before) this.report(difference(this.before, now));
    this.before = now;
  }
}

function read(stats, time) {
  const find = (type) => stats.find((one) => one.type === type && one.kind === "video") ?? {};
  const [sent, received, remote] = [find("outbound-rtp"), find("inbound-rtp"), find("remote-inbound-rtp")];
  return {
    time, sentBytes: sent.bytesSent ?? 0, receivedBytes: received.bytesReceived ?? 0,
    sentFrames: sent.framesSent ?? 0, decodedFrames: received.framesDecoded ?? 0,
    lost: received.packetsLost ?? 0, repaired: received.retransmittedPacketsReceived ?? 0, packets: received.packetsReceived ?? 0,
    jitter: received.jitter, rtt: remote.roundTripTime, freezes: received.freezeCount ?? 0,
    codec: stats.find(({ id }) => id === received.codecId)?.mimeType?.replace("video/", ""),
    size: received.frameWidth && `${received.frameWidth} × ${received.frameHeight}`,
  };
}

function difference(before, now) {
  const seconds = (now.time - before.time) / 1000;
  const each = (name) => Math.max(0, now[name] - before[name]) / seconds;
  return {
    time: now.time, up: each("sentBytes"), down: each("receivedBytes"), sentFrames: each("sentFrames"),
    frames: each("decodedFrames"), lost: now.lost, packets: now.packets, repaired: now.repaired, freezes: now.freezes,
    jitter: now.jitter === undefined ? undefined : now.jitter * 1000, rtt: now.rtt === undefined ? undefined : now.rtt * 1000,
    codec: now.codec, size: now.size,
  };
}
