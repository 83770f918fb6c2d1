// Two of the performances side by side, moved by one slider: its seconds count from the moment at which they are aligned.
const form = document.getElementById("controls");
const { left, right, align, speed, time, play, now } = form.elements;
const charts = [...document.querySelectorAll(".compared")];
const rows = [...(document.getElementById("differences")?.rows ?? [])];
let at = 0, playing = 0; // seconds; number of the next animation frame, 0 at rest

const pair = () => [players[left.value], players[right.value]];
const moment = () => (pair().every((one) => align.value in one.moments) ? align.value : "");
const start = (one) => (moment() ? one.moments[moment()] / one.fps : 0);

// A video plays by itself from where it is due, and stands still before its beginning and after its end.
function place(one) {
  const due = start(one) + at, moves = playing && due >= 0 && due < one.length;
  const frame = Math.min(Math.max(Math.floor(due * one.fps + 0.01), 0), Math.round(one.length * one.fps) - 1);
  if (!moves) one.video.pause();
  if (one.video.paused || Math.abs(one.video.currentTime - due) > 0.15 * speed.value) one.seek(frame);
  one.video.playbackRate = Number(speed.value);
  if (moves && one.video.paused) one.video.play().catch(() => {}); // it was stopped before it began
}

function move(seconds) {
  at = Math.min(Math.max(seconds, time.min), time.max);
  pair().forEach(place);
  charts.forEach((chart) => { // whose curves are aligned at the first moment
    const { begin, end } = chart.dataset, along = (at - begin) / (end - begin), cursor = chart.querySelector(".cursor");
    cursor.hidden = moment() !== align.options[0].value || along < 0 || along > 1;
    cursor.style.left = `${100 * along}%`;
  });
  time.value = at;
  now.value = `${Math.abs(at).toFixed(2)} s ${at < 0 ? "before" : "after"} ${moment() || "the start"}`;
  time.setAttribute("aria-valuetext", now.value);
}

function stop() {
  cancelAnimationFrame(playing);
  playing = 0;
  play.textContent = "Play";
  move(at);
}

function run() {
  let last = performance.now();
  const step = (next) => {
    playing = requestAnimationFrame(step);
    move(at + (next - last) / 1000 * speed.value);
    last = next;
    if (at >= time.max) stop();
  };
  if (at >= time.max) at = Number(time.min);
  play.textContent = "Pause";
  playing = requestAnimationFrame(step);
}

// What a measure of the right one is more than that of the left, with the uncertainty of both.
function difference(a, b) {
  if (!("value" in a.dataset && "value" in b.dataset)) return "";
  const unsure = [a, b].map((cell) => Number(cell.dataset.uncertainty));
  const more = b.dataset.value - a.dataset.value, sign = more < 0 ? "−" : "+", { unit } = a.dataset;
  const [digits, space] = unit.startsWith("°") ? [0, ""] : [2, " "]; // as all measures are written
  const around = unsure.every(Boolean) ? ` ± ${Math.hypot(...unsure).toFixed(digits)}` : "";
  return `${sign}${Math.abs(more).toFixed(digits)}${around}${space}${unit}`;
}

function arrange() {
  const shown = [left.value, right.value].map(Number);
  players.forEach((one, number) => {
    const side = one.element.closest(".side");
    side.hidden = !shown.includes(number);
    side.style.order = shown.indexOf(number);
  });
  document.querySelectorAll(".compared [data-number]").forEach((one) => {
    const side = shown.indexOf(Number(one.dataset.number));
    one.toggleAttribute("hidden", side < 0);
    one.dataset.side = side;
  });
  rows.forEach((row, index) => {
    const cells = [...row.cells].slice(1, -1), last = row.cells[row.cells.length - 1];
    cells.forEach((cell, number) => { cell.hidden = !shown.includes(number); });
    last.hidden = false;
    if (index) last.textContent = difference(...shown.map((number) => cells[number]));
  });
  time.min = Math.min(...pair().map((one) => -start(one)));
  time.max = Math.max(...pair().map((one) => one.length - start(one)));
  stop();
}

[[left, right], [right, left]].forEach(([one, other]) => one.addEventListener("change", () => {
  if (one.value === other.value) other.value = one.value === "0" ? "1" : "0"; // two, never one beside itself
  at = 0;
  arrange();
}));
align.addEventListener("change", () => { at = 0; arrange(); });
time.addEventListener("input", () => { at = Number(time.value); stop(); });
play.addEventListener("click", () => (playing ? stop() : run()));
players.forEach((one) => {
  one.video.controls = false;
  one.slider.addEventListener("input", () => { at = one.slider.value / one.fps - start(one); stop(); });
});
const asked = Number(location.hash.slice(1)); // comparison.html#2: the third beside the first
if (asked in players && asked) right.value = asked;
form.hidden = false;
arrange();
