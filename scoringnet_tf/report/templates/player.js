// A performance's video, moved by the number of a frame: the clip has the file's own times, and so has the page.
const BIT = 1e-4; // seconds that a clock may lose in rounding
const COLORS = {{ joint_colors|tojson }}, LINES = {{ line_colors|tojson }};
// Seconds as all results write them: halves go to the even neighbour.
const isEighth = (seconds) => Number.isInteger(8 * seconds) && !Number.isInteger(4 * seconds);
const written = (seconds) => (isEighth(seconds) ? 2 * Math.round(50 * seconds) / 100 : seconds).toFixed(2);

const along = (values) => values.map((value, number) => [(number + 0.5) / values.length, value]);

class Player {
  constructor(element) {
    const [video, slider, now, canvas, cursor, chart] = ["video", ".track input", ".now", "canvas", ".cursor", ".chart"]
      .map((one) => element.querySelector(one));
    const content = JSON.parse(element.querySelector("script").textContent);
    Object.assign(this, content, { element, video, slider, now, canvas, cursor, chart, frame: 0 });
    video.controls = false;
    [slider, canvas].forEach((one) => { one.hidden = false; });
    if (chart) drawChart(chart, Object.values(this.curves).map((values, number) => ({
      color: LINES[number % LINES.length], points: along(values),
    })));
    video.addEventListener("seeked", () => video.paused && this.draw(this.frameAt(video.currentTime)));
    video.addEventListener("loadeddata", () => this.draw(this.frame));
    new ResizeObserver(() => this.draw(this.frame)).observe(canvas);
    this.follow();
    this.show(0);
  }

  get length() { return this.times.length - 1; }

  get seconds() { return this.clock[this.length]; }

  frameAt(seconds) { return Math.max(0, this.clock.slice(0, -1).findLastIndex((start) => start <= seconds + BIT)); }

  seek(frame) {
    this.video.currentTime = (this.clock[frame] + this.clock[frame + 1]) / 2;
    this.show(frame);
  }

  // Each frame of a playing video, as it is shown.
  follow() {
    const frames = "requestVideoFrameCallback" in this.video;
    const next = () => (frames ? this.video.requestVideoFrameCallback(seen) : requestAnimationFrame(seen));
    const seen = (_, data) => {
      if (!this.video.paused) this.show(this.frameAt(data?.mediaTime ?? this.video.currentTime));
      if (!this.video.paused) this.draw(this.frame);
      next();
    };
    next();
  }

  words(frame) {
    const stage = this.stages.find(([, start, end]) => start <= frame && frame < end)?.[0];
    return [`${written(this.times[frame])} s`, `frame ${this.first + frame}`, stage].filter(Boolean).join(", ");
  }

  show(frame) {
    this.frame = frame;
    this.slider.value = frame;
    if (this.cursor) this.cursor.style.left = `${100 * (frame + 0.5) / this.length}%`;
    this.now.textContent = this.words(frame);
    this.slider.setAttribute("aria-valuetext", this.now.textContent);
  }

  draw(frame) {
    const { clientWidth: width, clientHeight: height } = this.canvas, { videoWidth, videoHeight } = this.video;
    const scale = Math.min(width / videoWidth, height / videoHeight) || 0, size = [videoWidth * scale, videoHeight * scale];
    drawBody(this.canvas, this.bodies[frame], [(width - size[0]) / 2, (height - size[1]) / 2, ...size]);
  }
}

// Joints and angles that are switched on, over a picture in a part (left, top, width, height) of a canvas.
function drawBody(canvas, body, [left, top, width, height], crop = [0, 0, 1, 1], clears = true) {
  const context = canvas.getContext("2d"), ratio = clears ? devicePixelRatio : 1;
  if (clears) [canvas.width, canvas.height] = [canvas.clientWidth * ratio, canvas.clientHeight * ratio];
  const scale = [ratio * width / crop[2] / 1000, ratio * height / crop[3] / 1000];
  const move = [ratio * left - 1000 * crop[0] * scale[0], ratio * top - 1000 * crop[1] * scale[1]];
  const line = Math.max(2, ratio * height / 150);
  context.lineCap = context.lineJoin = "round";
  const parts = isOn("joints") ? Object.entries(body?.paths ?? {}).map(([part, path]) => {
    const moved = new Path2D();
    moved.addPath(new Path2D(path), new DOMMatrix([scale[0], 0, 0, scale[1], ...move]));
    return [part, moved];
  }) : [];
  const stroke = (path, color, thick) => { Object.assign(context, { strokeStyle: color, lineWidth: thick }).stroke(path); };
  parts.forEach(([, path]) => stroke(path, "#14181f", 2 * line));
  parts.forEach(([part, path]) => {
    context.setLineDash(part === "not seen" ? [2 * line, 2 * line] : []);
    stroke(path, COLORS[part], line);
  });
  context.setLineDash([]);
  context.font = `600 ${Math.max(12 * ratio, 4.5 * line)}px system-ui, sans-serif`;
  for (const [x, y, text] of isOn("angles") ? body?.angles ?? [] : []) {
    const place = [x * scale[0] + move[0] + 3 * line, y * scale[1] + move[1]];
    Object.assign(context, { lineWidth: 1.5 * line, strokeStyle: "#14181f", fillStyle: "#fff" });
    context.strokeText(text, ...place);
    context.fillText(text, ...place);
  }
}

const isOn = (name) => document.getElementById(name)?.checked ?? false;

function drawPictures() {
  document.querySelectorAll("canvas[data-crop]").forEach((canvas) => {
    const { clientWidth, clientHeight } = canvas, body = players[0].bodies[canvas.dataset.frame];
    drawBody(canvas, body, [0, 0, clientWidth, clientHeight], JSON.parse(canvas.dataset.crop));
  });
}

// Round numbers from low to high, at most eight.
function roundIn(low, high, steps) {
  const step = steps.find((each) => (high - low) / each <= 7) ?? high - low, first = Math.ceil(low / step);
  return [...Array(Math.floor(high / step) - first + 1).keys()].map((each) => (first + each) * step);
}

// Lines with gaps where nothing was seen, over lines at round degrees: points are [0 to 1, degrees or null].
function drawChart(element, lines, range) {
  const values = lines.flatMap(({ points }) => points.map(([, value]) => value)).filter((value) => value !== null);
  const ends = [Math.min(...values), Math.max(...values)], room = Math.max(0.06 * (ends[1] - ends[0]), 5);
  const [low, high] = range ?? [ends[0] - room, ends[1] + room];
  const down = (value) => (100 * (high - value) / (high - low)).toFixed(1);
  const path = (points) => points.map(([x, value], at) => (
    value === null ? "" : `${(points[at - 1]?.[1] ?? null) === null ? "M" : "L"}${(1000 * x).toFixed(1)} ${down(value)}`)).join("");
  const rules = range ? [] : roundIn(low, high, [15, 45, 90, 180, 360, 720]);
  const svg = element.querySelector("svg");
  svg.innerHTML = rules.map((each) => `<path class="rule" d="M0 ${down(each)}H1000"/>`).join("")
    + lines.map(({ color, points }) => `<path class="line" stroke="${color}" d="${path(points)}"/>`).join("");
  element.querySelectorAll(".degrees").forEach((one) => one.remove());
  rules.forEach((each) => {
    const text = Object.assign(document.createElement("span"), { className: "degrees", ariaHidden: "true" });
    text.textContent = `${each}°`.replace("-", "−");
    text.style.top = `${down(each)}%`;
    element.append(text);
  });
  [element, element.querySelector(".cursor")].forEach((one) => { one.hidden = false; });
}

// One player, or two side by side: what moves them. Its seconds count from where they are aligned.
class Deck {
  constructor(controls, players) {
    Object.assign(this, { controls, players, at: 0, running: 0 });
    const { play, back, next, speed, keep } = controls.elements;
    keep?.addEventListener("click", () => this.keep());
    play.addEventListener("click", () => this.toggle());
    [[back, -1], [next, 1]].forEach(([button, frames]) => button.addEventListener("click", () => this.step(frames)));
    speed.addEventListener("change", () => this.move(this.at));
    // A click takes no focus, so that the space bar goes on to play; who comes by Tab has the button.
    controls.addEventListener("mousedown", (event) => event.target.closest("button") && event.preventDefault());
    controls.addEventListener("submit", (event) => event.preventDefault());
    controls.querySelectorAll("[data-moment]").forEach((button) => {
      button.addEventListener("click", () => this.show(this.lead, this.lead.moments[button.dataset.moment]));
    });
    controls.querySelectorAll("[type=checkbox]").forEach((box) => box.addEventListener("change", () => {
      this.players.forEach((one) => one.draw(one.frame));
      drawPictures();
    }));
    controls.hidden = false;
  }

  // What is shown, with what is drawn over it.
  keep() {
    const { video, frame, bodies, name } = this.lead, [width, height] = [video.videoWidth, video.videoHeight];
    const canvas = Object.assign(document.createElement("canvas"), { width, height });
    canvas.getContext("2d").drawImage(video, 0, 0);
    drawBody(canvas, bodies[frame], [0, 0, width, height], undefined, false);
    canvas.toBlob((content) => download(`${name}, ${this.lead.words(frame)}.png`, content));
  }

  get lead() { return this.players[0]; }

  get speed() { return Number(this.controls.elements.speed.value); }

  begin() { return 0; } // of a player's time, seconds

  get range() {
    return [Math.min(...this.players.map((one) => -this.begin(one))), Math.max(...this.players.map((one) => one.seconds - this.begin(one)))];
  }

  // A video plays by itself from where it is due, and stands still before its beginning and after its end.
  place(one) {
    const due = this.begin(one) + this.at, moves = this.running && due > -BIT && due < one.seconds - BIT;
    if (!moves) one.video.pause();
    if (one.video.paused || Math.abs(one.video.currentTime - due) > 0.15 * this.speed) one.seek(one.frameAt(due));
    one.video.playbackRate = this.speed;
    if (moves && one.video.paused) one.video.play().catch(() => {}); // it was stopped before it began
  }

  move(seconds) {
    this.at = Math.min(Math.max(seconds, this.range[0]), this.range[1]);
    this.players.forEach((one) => this.place(one));
    this.moved?.();
  }

  // A frame of one of them, and of the other what is shown at the same time.
  show(one, frame) {
    this.stop();
    this.move(one.clock[Math.min(Math.max(frame, 0), one.length - 1)] - this.begin(one));
  }

  step(frames) {
    this.stop();
    this.show(this.lead, this.lead.frame + frames);
  }

  stop() {
    if (!this.running) return;
    const moved = !this.lead.video.paused;
    cancelAnimationFrame(this.running);
    this.running = 0;
    this.controls.elements.play.textContent = "Play";
    this.move(moved ? this.lead.clock[this.lead.frame] - this.begin(this.lead) : this.at);
  }

  toggle() {
    if (this.running) return this.stop();
    let last = performance.now();
    const step = (now) => {
      this.running = requestAnimationFrame(step);
      this.move(this.at + (now - last) / 1000 * this.speed);
      last = now;
      if (this.at >= this.range[1] - BIT) this.stop();
    };
    const end = Math.max(...this.players.map((one) => one.clock[one.length - 1] - this.begin(one)));
    if (this.at >= end - BIT) this.at = this.range[0];
    this.controls.elements.play.textContent = "Pause";
    this.running = requestAnimationFrame(step);
    return undefined;
  }

  // The slider, the curve and the picture of a player move all; a swipe on the picture is one frame.
  listen(one) {
    one.slider.addEventListener("input", () => this.show(one, Number(one.slider.value)));
    dragged(one.chart, (share) => this.show(one, Math.floor(share * one.length)));
    let down = null;
    const screen = one.canvas.parentElement;
    screen.addEventListener("pointerdown", (event) => { down = event; });
    screen.addEventListener("pointerup", (event) => {
      if (!down) return;
      const across = event.clientX - down.clientX, along = event.clientY - down.clientY;
      if (Math.hypot(across, along) < 10) this.toggle();
      else if (Math.abs(across) > 24 && Math.abs(across) > Math.abs(along)) this.step(Math.sign(across));
      down = null;
    });
  }
}

// Calls with the place, 0 to 1 from the left, at which a pointer is pressed or moved on an element.
function dragged(element, call) {
  element?.addEventListener("pointerdown", (event) => element.setPointerCapture(event.pointerId));
  ["pointerdown", "pointermove"].forEach((name) => element?.addEventListener(name, (event) => {
    const { left, width } = element.getBoundingClientRect();
    if (event.buttons) call(Math.min(Math.max((event.clientX - left) / width, 0), 1));
  }));
}

const players = [...document.querySelectorAll(".player")].map((one) => new Player(one));
const sure = document.querySelector("#sure .chart");
if (sure) drawChart(sure, Object.entries(players[0].probabilities).map(([color, values]) => ({ color, points: along(values) })), [-0.02, 1.02]);
const form = document.getElementById("controls");
const deck = form && new Deck(form, players.slice(0, 2));
if (deck) players.forEach((one) => deck.listen(one));
new ResizeObserver(() => players.length && drawPictures()).observe(document.body);
document.querySelectorAll("button[data-frame]").forEach((button) => {
  button.disabled = !deck;
  button.addEventListener("click", () => {
    deck.show(players[0], Number(button.dataset.frame));
    players[0].element.scrollIntoView({ block: "nearest" });
  });
});
// The arrow keys go frame by frame, and the space bar plays, wherever no one types and nothing else takes them.
document.addEventListener("keydown", (event) => {
  const { key, target } = event, step = { ArrowLeft: -1, ArrowRight: 1 }[key];
  const types = "textarea, input:not([type=range], [type=checkbox]), [role=slider]";
  const presses = "button, a, select, summary, [type=checkbox]";
  if (!deck || event.ctrlKey || event.metaKey || event.altKey || target.closest(`${types}, .table`)) return;
  if (step) deck.step(step);
  else if (key === " " && !target.closest(presses)) deck.toggle();
  else return;
  event.preventDefault();
});
