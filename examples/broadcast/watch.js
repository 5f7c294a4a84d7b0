import { connect, Trouble, watchState } from "./signaling.js";

const $ = (id) => document.getElementById(id);
const video = $("video");
let pc = null;

async function watch() {
  $("again").hidden = true;
  $("banner").hidden = true;
  pc = new RTCPeerConnection();
  window.pc = pc;
  pc.addEventListener("connectionstatechange", changed);
  // Picture and sound are of one stream: the browser plays them in sync.
  pc.addEventListener("track", ({ streams }) => { if (video.srcObject !== streams[0]) { video.srcObject = streams[0]; play(); } });
  for (const kind of ["video", "audio"]) pc.addTransceiver(kind, { direction: "recvonly" });
  try {
    await connect(pc);
  } catch (error) {
    over(error instanceof Trouble ? error.message : `Something unexpected went wrong: ${error.message}`);
  }
}

// Browsers play sound after a click only.
async function play() {
  video.muted = false;
  try {
    await video.play();
  } catch (error) {
    if (error.name !== "NotAllowedError") return;
    video.muted = true;
    await video.play().catch(() => {});
    $("sound").hidden = false;
  }
}

function changed() {
  if (!pc) return;
  pill(pc.connectionState);
  if (pc.connectionState === "failed" || pc.connectionState === "closed") {
    over("The connection to the program was lost.");
  }
}

function over(words) {
  pc?.close();
  pc = null;
  pill("failed");
  $("banner").hidden = false;
  $("banner").querySelector("p").textContent = words;
  $("again").hidden = false;
}

function pill(state) {
  $("pill").dataset.state = state;
  $("pill").querySelector("b").textContent = state;
}

function show(state) {
  if (!state) {
    over("The program has ended.");
    return;
  }
  $("file").textContent = state.file;
  $("viewers").textContent = `${state.viewers} of ${state.limit}`;
  $("seconds").textContent = `${Math.floor(state.seconds)} s`;
  $("tracks").textContent = state.tracks.join(", ");
}

async function count() {
  const reports = pc ? [...(await pc.getStats()).values()] : [];
  const inbound = reports.find(({ type, kind }) => type === "inbound-rtp" && kind === "video");
  $("frames").textContent = inbound?.framesDecoded ?? "–";
}

$("again").addEventListener("click", () => location.reload());
$("sound").addEventListener("click", () => { video.muted = false; $("sound").hidden = true; });
window.addEventListener("pagehide", () => pc?.close());
watch();
watchState(1000, show);
setInterval(count, 1000);
