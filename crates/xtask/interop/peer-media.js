// Camera and microphone for the peer of peer-page.js: what it sends, and what it gets of the other side.

const SIZE = { width: 640, height: 480, frameRate: 30 };
// Three layers need a picture that can be halved twice.
const SIMULCAST_SIZE = { width: 1280, height: 720, frameRate: 30 };
const LAYERS = [
  { rid: "q", scaleResolutionDownBy: 4 }, { rid: "h", scaleResolutionDownBy: 2 }, { rid: "f", scaleResolutionDownBy: 1 },
];

Object.assign(Peer.prototype, {
  /// From now on media is sent: `codec` is the one that is liked most.
  async useCamera({ codec, simulcast = false }) {
    const size = simulcast ? SIMULCAST_SIZE : SIZE;
    const stream = await navigator.mediaDevices.getUserMedia({ audio: true, video: size });
    this.camera = { stream, codec, simulcast };
    this.pc.addEventListener("track", ({ track }) => this.show(track));
  },

  async addMedia({ audio, video }) {
    const { stream, simulcast } = this.camera;
    for (const track of stream.getTracks()) {
      const wanted = track.kind === "audio" ? audio : video;
      if (!wanted || this.transceiver(track.kind)) continue;
      const layers = simulcast && track.kind === "video" ? { sendEncodings: LAYERS } : {};
      this.prefer(this.pc.addTransceiver(track, { streams: [stream], ...layers }), this.camera.codec);
    }
  },

  async answerWithMedia() {
    const { stream } = this.camera;
    for (const transceiver of this.pc.getTransceivers()) {
      if (transceiver.sender.track || transceiver.stopped) continue;
      const kind = transceiver.receiver.track.kind;
      await transceiver.sender.replaceTrack(stream.getTracks().find((track) => track.kind === kind));
      transceiver.sender.setStreams(stream);
      transceiver.direction = "sendrecv";
    }
  },

  addTrack({ kind }) {
    const track = this.camera.stream.getTracks().find((one) => one.kind === kind);
    this.pc.addTransceiver(track.clone(), { streams: [this.camera.stream] });
  },

  setDirection({ kind, direction }) { this.transceiver(kind).direction = direction; },
  stopTrack({ kind }) { this.transceiver(kind).stop(); },

  async mute({ kind, muted }) {
    const track = this.camera.stream.getTracks().find((one) => one.kind === kind);
    await this.transceiver(kind).sender.replaceTrack(muted ? null : track);
  },

  async anotherTrack({ kind }) {
    const stream = await navigator.mediaDevices.getUserMedia(kind === "audio" ? { audio: true } : { video: SIZE });
    await this.transceiver(kind).sender.replaceTrack(stream.getTracks()[0]);
  },

  codec({ kind, name }) { this.prefer(this.transceiver(kind), name); },

  transceiver(kind) {
    return this.pc.getTransceivers().findLast(({ receiver, stopped }) => receiver.track.kind === kind && !stopped);
  },

  prefer(transceiver, codec) {
    const { kind } = transceiver.receiver.track;
    if (kind !== "video" || !codec) return;
    const { codecs } = RTCRtpReceiver.getCapabilities(kind);
    const liked = ({ mimeType }) => mimeType === `video/${codec}`;
    transceiver.setCodecPreferences([...codecs.filter(liked), ...codecs.filter((one) => !liked(one))]);
  },

  // A track that nobody plays is not decoded.
  show(track) {
    const element = document.createElement(track.kind);
    Object.assign(element, { autoplay: true, muted: true, srcObject: new MediaStream([track]) });
    document.body.append(element);
  },

  /// What getStats() tells of media, streams of one kind added up.
  async media() {
    const stats = [...(await this.pc.getStats()).values()];
    const sum = (type, kind, name) => stats.filter((one) => one.type === type && one.kind === kind)
      .reduce((total, one) => total + (one[name] ?? 0), 0);
    const both = (type, names) => Object.fromEntries(["audio", "video"].map((kind) =>
      [kind, Object.fromEntries(names.map((name) => [name, sum(type, kind, name)]))]));
    return {
      sent: both("outbound-rtp", ["packetsSent", "framesSent", "framesEncoded", "nackCount", "pliCount", "retransmittedPacketsSent"]),
      received: both("inbound-rtp", ["packetsReceived", "packetsLost", "framesReceived", "framesDecoded", "framesDropped", "freezeCount",
        "keyFramesDecoded", "nackCount", "pliCount", "retransmittedPacketsReceived", "totalSamplesReceived", "concealedSamples"]),
      width: Math.max(0, ...stats.filter((one) => one.type === "inbound-rtp" && one.kind === "video").map((one) => one.frameWidth ?? 0)),
      codecs: stats.filter((one) => one.type === "inbound-rtp" && one.codecId)
        .map((one) => stats.find(({ id }) => id === one.codecId)?.mimeType),
      srtp: stats.find(({ type }) => type === "transport")?.srtpCipher,
    };
  },
});
