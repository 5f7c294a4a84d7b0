// A live line chart on a canvas: a few series over time, drawn at the screen's own resolution.

const MARGIN = { top: 14, right: 14, bottom: 22, left: 68 };

export class Chart {
  // `series`: [{ tone, name }], tones being CSS variables. `span`: seconds shown; `sliding`: whether the
  // right edge is now (a monitor) or the chart starts at the first point (a measured run).
  constructor(canvas, { series, span, sliding, label }) {
    Object.assign(this, { canvas, span, sliding, label, series });
    this.clear();
    this.tones = new Map();
    const redraw = () => { this.tones.clear(); this.draw(); };
    new ResizeObserver(redraw).observe(canvas);
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", redraw);
    document.addEventListener("themechange", redraw);
  }

  clear() {
    this.points = this.series.map(() => []);
    this.marks = [];
  }

  add(index, time, value) {
    this.points[index].push({ time, value });
    if (this.sliding) forget(this.points[index], time - this.span * 1000 - 1000);
  }

  // Marks a moment on the time axis (a loss).
  mark(time) {
    this.marks.push({ time });
    forget(this.marks, time - this.span * 1000);
  }

  draw(now = performance.now()) {
    const { canvas } = this;
    const ratio = devicePixelRatio || 1;
    const width = canvas.clientWidth;
    const height = canvas.clientHeight;
    if (!width || !height) return;
    if (canvas.width !== Math.round(width * ratio) || canvas.height !== Math.round(height * ratio)) {
      canvas.width = Math.round(width * ratio);
      canvas.height = Math.round(height * ratio);
    }
    const g = canvas.getContext("2d");
    g.setTransform(ratio, 0, 0, ratio, 0, 0);
    g.clearRect(0, 0, width, height);
    const view = this.#view(width, height, now);
    this.#drawGrid(g, view);
    g.save();
    g.beginPath();
    g.rect(view.left, 0, view.right - view.left, view.bottom + 1);
    g.clip();
    this.points.forEach((points, index) => this.#drawSeries(g, view, points, this.series[index]));
    this.#drawMarks(g, view);
    g.restore();
    this.#drawLegend(g, view);
  }

  #view(width, height, now) {
    const all = this.points.flat();
    const first = all.length ? Math.min(...all.map(({ time }) => time)) : now;
    const last = all.length ? Math.max(...all.map(({ time }) => time)) : now;
    const to = this.sliding ? now : Math.max(first + this.span * 1000, last);
    const from = this.sliding ? now - this.span * 1000 : first;
    const seen = all.filter(({ time }) => time >= from).map(({ value }) => value);
    const step = niceStep(Math.max(...seen, 1e-3) * 1.08 / 3);
    const top = step * Math.max(1, Math.ceil(Math.max(...seen, 1e-3) * 1.08 / step));
    const left = MARGIN.left, right = width - MARGIN.right, bottom = height - MARGIN.bottom;
    return {
      left, right, bottom, step, top, seconds: (to - from) / 1000,
      x: (time) => left + (time - from) / (to - from) * (right - left),
      y: (value) => bottom - value / top * (bottom - MARGIN.top),
    };
  }

  #drawGrid(g, view) {
    g.font = "11px system-ui, 'DejaVu Sans', sans-serif";
    g.fillStyle = this.#tone("--muted");
    g.strokeStyle = this.#tone("--edge");
    g.lineWidth = 1;
    g.textAlign = "right";
    g.textBaseline = "middle";
    for (let value = 0; value <= view.top * 1.0001; value += view.step) {
      const y = Math.round(view.y(value)) + 0.5;
      g.beginPath();
      g.moveTo(view.left, y);
      g.lineTo(view.right, y);
      g.stroke();
      g.fillText(this.label(value), view.left - 8, y);
    }
    g.textBaseline = "alphabetic";
    g.textAlign = "left";
    g.fillText(this.sliding ? `${Math.round(view.seconds)} s ago` : "0 s", view.left, view.bottom + 16);
    g.textAlign = "right";
    g.fillText(this.sliding ? "now" : `${view.seconds.toFixed(view.seconds < 10 ? 1 : 0)} s`, view.right, view.bottom + 16);
  }

  #drawSeries(g, view, points, { tone }) {
    if (!points.length) return;
    const color = this.#tone(tone);
    const path = new Path2D();
    points.forEach(({ time, value }, index) => path[index ? "lineTo" : "moveTo"](view.x(time), view.y(value)));
    const last = points.at(-1);
    const area = new Path2D(path);
    area.lineTo(view.x(last.time), view.bottom);
    area.lineTo(view.x(points[0].time), view.bottom);
    const fill = g.createLinearGradient(0, MARGIN.top, 0, view.bottom);
    fill.addColorStop(0, color.replace("rgb(", "rgba(").replace(")", ", 0.28)"));
    fill.addColorStop(1, color.replace("rgb(", "rgba(").replace(")", ", 0.02)"));
    g.fillStyle = fill;
    g.fill(area);
    g.strokeStyle = color;
    g.lineWidth = 2;
    g.lineJoin = "round";
    g.stroke(path);
    g.beginPath();
    g.arc(view.x(last.time), view.y(last.value), 3.5, 0, 2 * Math.PI);
    g.fillStyle = color;
    g.fill();
  }

  #drawMarks(g, view) {
    g.fillStyle = this.#tone("--bad");
    for (const { time } of this.marks) g.fillRect(view.x(time) - 1, view.bottom - 9, 2, 9);
  }

  #drawLegend(g, view) {
    let x = view.right;
    g.textAlign = "right";
    for (const { name, tone } of this.series.toReversed()) {
      if (!name) continue;
      g.fillStyle = this.#tone("--muted");
      g.fillText(name, x, MARGIN.top + 2);
      x -= g.measureText(name).width + 8;
      g.fillStyle = this.#tone(tone);
      g.beginPath();
      g.arc(x, MARGIN.top - 2, 4, 0, 2 * Math.PI);
      g.fill();
      x -= 16;
    }
  }

  // A custom property holds words such as light-dark(…): only a real property is resolved to a colour.
  #tone(name) {
    if (!this.tones.has(name)) {
      const probe = document.createElement("i");
      probe.style.color = `var(${name})`;
      document.body.append(probe);
      this.tones.set(name, getComputedStyle(probe).color);
      probe.remove();
    }
    return this.tones.get(name);
  }
}

function forget(points, before) {
  while (points.length && points[0].time < before) points.shift();
}

// 1, 2 or 5 times a power of ten, at least `least`.
function niceStep(least) {
  const power = 10 ** Math.floor(Math.log10(least));
  return power * [1, 2, 5, 10].find((factor) => factor * power >= least * 0.999);
}
