// Two of the performances side by side, moved by one slider: its seconds count from the moment at which they are aligned.
const { left, right, align, time, now } = form.elements;
const charts = [...document.querySelectorAll(".compared")];
const rows = [...(document.getElementById("differences")?.rows ?? [])];
const moment = () => (deck.players.every((one) => align.value in one.moments) ? align.value : "");

deck.begin = (one) => (moment() ? one.clock[one.moments[moment()]] : 0);
deck.moved = () => {
  const { at } = deck;
  charts.forEach((chart) => {
    const [begin, end] = chart.range ?? [0, 0], cursor = chart.querySelector(".cursor");
    cursor.hidden = !(begin <= at && at <= end);
    cursor.style.left = `${100 * (at - begin) / (end - begin)}%`;
  });
  time.value = at;
  now.value = `${written(Math.abs(at))} s ${at < -BIT ? "before" : "after"} ${moment() || "the start"}`;
  time.setAttribute("aria-valuetext", now.value);
};

// What a measure of the right one is more than that of the left, with the uncertainty of both.
function difference(a, b) {
  if (!("value" in a.dataset && "value" in b.dataset)) return "";
  const unsure = [a, b].map((cell) => Number(cell.dataset.uncertainty));
  const more = b.dataset.value - a.dataset.value, sign = more < 0 ? "−" : "+", { unit } = a.dataset;
  const [digits, space] = unit.startsWith("°") ? [0, ""] : [2, " "]; // as all measures are written
  const around = unsure.every(Boolean) ? ` ± ${Math.hypot(...unsure).toFixed(digits)}` : "";
  return `${sign}${Math.abs(more).toFixed(digits)}${around}${space}${unit}`;
}

// The curves of both on one axis of time; a chart goes if they do not share its curve.
function drawCurves() {
  charts.forEach((chart) => {
    const curves = deck.players.map((one) => (one.curves[chart.dataset.name] ?? [])
      .map((value, frame) => [one.clock[frame] - deck.begin(one), value]));
    const seen = curves.map((points) => points.filter(([, value]) => value !== null).map(([seconds]) => seconds));
    chart.hidden = !seen.every((times) => times.length);
    if (chart.hidden) return;
    const begin = Math.min(...seen.flat()), end = Math.max(...seen.flat(), begin + 0.1), extent = end - begin;
    chart.range = [begin, end];
    drawChart(chart.querySelector(".chart"), curves.map((points, number) => ({
      color: `var(--${["left", "right"][number]})`, points: points.map(([seconds, value]) => [(seconds - begin) / extent, value]),
    })));
    chart.querySelectorAll("[data-side]").forEach((one) => { one.textContent = deck.players[one.dataset.side].name; });
    chart.querySelector(".ticks").innerHTML = roundIn(begin, end, [0.1, 0.25, 0.5, 1, 2, 5, 10]).map((each) => (
      `<span style="left:${100 * (each - begin) / extent}%">${`${Number(each.toFixed(2))} s`.replace("-", "−")}</span>`)).join("");
  });
}

function arrange() {
  const shown = [left.value, right.value].map(Number);
  deck.stop();
  deck.players = shown.map((number) => players[number]);
  players.forEach((one, number) => {
    const side = one.element.closest(".side");
    if (!shown.includes(number)) one.video.pause();
    side.hidden = !shown.includes(number);
    side.style.order = shown.indexOf(number);
  });
  rows.forEach((row, index) => {
    const cells = [...row.cells].slice(1, -1), last = row.cells[row.cells.length - 1];
    cells.forEach((cell, number) => { cell.hidden = !shown.includes(number); });
    last.hidden = false;
    if (index) last.textContent = difference(...shown.map((number) => cells[number]));
  });
  [time.min, time.max] = deck.range;
  drawCurves();
  deck.move(0);
}

[[left, right], [right, left]].forEach(([one, other]) => one.addEventListener("change", () => {
  if (one.value === other.value) other.value = one.value === "0" ? "1" : "0"; // two, never one beside itself
  arrange();
}));
align.addEventListener("change", arrange);
time.addEventListener("input", () => { deck.stop(); deck.move(Number(time.value)); });
charts.forEach((chart) => dragged(chart.querySelector(".chart"), (share) => {
  const [begin, end] = chart.range;
  deck.stop();
  deck.move(begin + share * (end - begin));
}));
const asked = Number(location.hash.slice(1)); // comparison.html#2: the third beside the first
if (asked in players && asked) right.value = asked;
arrange();
