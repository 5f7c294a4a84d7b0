import { connect, Trouble, watchState } from "./signaling.js";

const $ = (id) => document.getElementById(id);
const WORDS = {
  waiting: "Nothing is recorded yet.",
  starting: "Waiting for the first clocks, which tell how picture and sound belong together. Nothing is lost meanwhile.",
  recording: "Recording. Stop, or close this page, to complete the file.",
  done: "The file is complete.",
};
let pc = null;
let stream = null;

async function start() {
  $("start").disabled = true;
  $("banner").hidden = true;
  try {
    stream = await navigator.mediaDevices.getUserMedia({ audio: true, video: { width: 640, height: 480, frameRate: 30 } })
      .catch((error) => { throw new Trouble(`The camera and the microphone cannot be had: ${error.message}`); });
    $("preview").srcObject = stream;
    pc = new RTCPeerConnection();
    pc.addEventListener("connectionstatechange", changed);
    for (const track of stream.getTracks()) pc.addTransceiver(track, { direction: "sendonly", streams: [stream] });
    await connect(pc);
    $("stop").disabled = false;
  } catch (error) {
    trouble(error instanceof Trouble ? error.message : `Something unexpected went wrong: ${error.message}`);
    stop();
    $("start").disabled = false;
  }
}

function stop() {
  pc?.close();
  pc = null;
  for (const track of stream?.getTracks() ?? []) track.stop();
  stream = null;
  $("stop").disabled = true;
  pill("new", "stopped");
}

function changed() {
  if (!pc) return;
  pill(pc.connectionState, pc.connectionState);
  if (pc.connectionState === "failed") {
    trouble("The server could not be reached over UDP, or is gone.");
    stop();
  }
}

function show(state) {
  if (!state) {
    $("words").textContent = "The program has ended, and with it the file.";
    $("start").disabled = true;
    if (pc) stop();
    return;
  }
  $("seconds").textContent = state.seconds.toFixed(1);
  $("video").textContent = state.video;
  $("audio").textContent = state.audio;
  $("left-out").textContent = state.leftOut;
  $("words").textContent = WORDS[state.state] ?? "";
}

function pill(state, words) {
  $("pill").dataset.state = state;
  $("pill").querySelector("b").textContent = words;
}

function trouble(words) {
  $("banner").hidden = false;
  $("banner").querySelector("p").textContent = words;
}

$("start").addEventListener("click", start);
$("stop").addEventListener("click", stop);
// The server completes the file as soon as it knows.
window.addEventListener("pagehide", () => pc?.close());
watchState(500, show);
