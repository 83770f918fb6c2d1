// Corrections: edges of stages that are dragged, names and notes that are typed; saved as a table, and read again.
const correct = document.getElementById("correct");
const [dived] = players, { edges, columns } = dived, lane = dived.element.querySelector(".edges");
const [status, file, saver] = ["output", "[type=file]", "[name=save]"].map((one) => correct.querySelector(one));
const lines = [...correct.querySelector("tbody").rows];
const texts = [...correct.querySelectorAll("[data-what]")];
const band = dived.element.querySelector(".band"), found = dived.stages, bandFound = band.innerHTML;
const LARGEST = 1e6; // bytes: what people correct is small
let isSaved = true, seen = ""; // when the version that is shown was saved

// A slider on the band, and a row of the table, for each edge; an edge that no one knows has only the row.
const sliders = edges.map((edge) => {
  const slider = lane.appendChild(document.createElement("button"));
  Object.assign(slider, { type: "button", role: "slider", className: "edge", textContent: edge.name, ariaLabel: edge.name });
  slider.addEventListener("keydown", (event) => {
    const frames = { ArrowLeft: -1, ArrowDown: -1, ArrowRight: 1, ArrowUp: 1, PageDown: -10, PageUp: 10 }[event.key];
    if (frames) event.preventDefault();
    if (frames) place(edge, edge.frame + frames);
  });
  slider.addEventListener("pointerdown", (event) => slider.setPointerCapture(event.pointerId));
  slider.addEventListener("pointermove", (event) => {
    const { left, width } = lane.getBoundingClientRect();
    if (event.buttons) place(edge, dived.first + Math.round((event.clientX - left) / width * dived.length));
  });
  return slider;
});
edges.forEach((edge, number) => {
  const [here, back] = lines[number].querySelectorAll("button");
  here.addEventListener("click", () => place(edge, dived.first + dived.frame));
  back.addEventListener("click", () => { edge.frame = edge.model; changed(); });
});

// Between its neighbours, so that each stage has a frame; the video shows it.
function place(edge, frame) {
  const number = edges.indexOf(edge), known = (one) => one.frame !== null;
  const before = edges.slice(0, number).findLast(known)?.frame ?? dived.first - 1;
  const after = edges.slice(number + 1).find(known)?.frame ?? dived.first + dived.length + 1;
  edge.frame = Math.min(Math.max(frame, before + 1), after - 1);
  deck.show(dived, edge.frame - dived.first);
  changed(edge.frame === frame ? "" : ` Frame ${edge.frame} is as far as it goes between its neighbours.`);
}

function changed(limit = "") {
  isSaved = false;
  status.value = `Not saved yet.${limit}`;
  refresh();
}

const secondsOf = (frame) => dived.times[frame - dived.first] ?? NaN; // the model's may lie beyond what is shown
const timeOf = (frame) => {
  if (frame === null) return "–";
  return Number.isNaN(secondsOf(frame)) ? `frame ${frame}` : `${written(secondsOf(frame))} s, frame ${frame}`;
};
const isCorrected = (edge) => edge.frame !== edge.model;

// What follows from the edges alone: band, marks, moments, durations, table. The body waits for the model.
function refresh() {
  const placed = edges.map((edge) => (edge.frame === null ? null : edge.frame - dived.first));
  const isAsShown = edges.every((edge) => edge.frame === edge.shown);
  const stages = edges.slice(0, -1).map((edge, number) => [edge.stage, placed[number], placed[number + 1]]);
  dived.stages = isAsShown ? found : stages.filter(([, start, end]) => start !== null && end !== null);
  band.innerHTML = isAsShown ? bandFound : dived.stages.map(([name, start, end]) => (
    `<rect x="${start}" width="${end - start}" height="10" fill="${dived.colors[name]}"/>`)).join("");
  const ends = {}, { clientWidth: width } = lane; // where lanes are free, pixels
  edges.forEach((edge, number) => {
    const slider = sliders[number], along = Math.min(width * placed[number] / dived.length, width - slider.offsetWidth);
    slider.hidden = edge.frame === null;
    if (!slider.hidden && width) { // in the first lane that is free there
      const row = edges.findIndex((_, each) => (ends[each] ?? 0) <= along);
      ends[row] = along + slider.offsetWidth + 4;
      Object.assign(slider.style, { left: `${along}px`, top: `${2.75 * row}rem` });
    }
    slider.classList.toggle("corrected", isCorrected(edge));
    slider.setAttribute("aria-valuenow", edge.frame ?? 0);
    slider.setAttribute("aria-valuemin", dived.first);
    slider.setAttribute("aria-valuemax", dived.first + dived.length);
    slider.setAttribute("aria-valuetext", timeOf(edge.frame));
    edge.moments.forEach((name) => tell("moment", name, [edge]));
    edge.durations.forEach((name) => tell("duration", name, [edge, edges[number + 1]]));
    const row = lines[number];
    row.classList.toggle("corrected", isCorrected(edge));
    row.cells[1].textContent = timeOf(edge.model);
    row.cells[2].textContent = timeOf(edge.frame);
    row.querySelector("[name=undo]").hidden = !isCorrected(edge);
  });
  lane.style.height = `${2.75 * Object.keys(ends).length}rem`;
  document.querySelectorAll(".stale").forEach((one) => { one.hidden = isAsShown; });
  deck.move(deck.at);
}

// A figure, a mark on the band and a button, by the edges that it rests on; the model's value stays beside a corrected one.
function tell(kind, name, ends) {
  const value = (which) => {
    const [start, stop] = ends.map((edge) => (edge[which] === null ? NaN : secondsOf(edge[which])));
    const seconds = stop === undefined ? start : stop - start;
    return Number.isNaN(seconds) ? "–" : `${written(seconds)} s`;
  };
  const figure = document.querySelector(`.figures [data-${kind}="${CSS.escape(name)}"]`), ours = ends.some(isCorrected);
  if (figure) {
    figure.dataset.told ??= figure.textContent;
    figure.textContent = ends.every((edge) => edge.frame === edge.shown) ? figure.dataset.told : value("frame");
    if (ours) figure.append(Object.assign(document.createElement("small"), { textContent: ` model ${value("model")}` }));
    figure.closest("div").classList.toggle("corrected", ours);
  }
  if (kind !== "moment" || ends[0].frame === null) return;
  const frame = Math.min(ends[0].frame - dived.first, dived.length - 1);
  dived.moments[name] = frame;
  const mark = dived.element.querySelector(`.track [data-moment="${CSS.escape(name)}"]`);
  if (mark) mark.style.left = `${100 * frame / dived.length}%`;
}

// The table, of which docs/data.md tells.
function saved(date) {
  const rows = [
    ...edges.map((edge) => [edge.what, edge.model ?? "", edge.frame ?? ""]),
    ...texts.filter((one) => one.value.trim() || one.dataset.model).map((one) => [one.dataset.what, one.dataset.model, one.value.trim()]),
  ].map(([what, ...values]) => [dived.file, dived.sha256, dived.number, what, ...values, date]);
  return csvOf([columns, ...rows]);
}

function parsed(text) {
  const rows = [[]];
  for (const [whole, inside, plain, end] of text.replace(/^\ufeff/, "").matchAll(/(?:"([^"]*(?:""[^"]*)*)"|([^",\r\n]*))(,|\r\n|\n|\r|$)/gy)) {
    if (!whole && !rows.at(-1).length) break;
    rows.at(-1).push(inside?.replaceAll('""', '"') ?? plain);
    if (end !== ",") rows.push([]);
  }
  return rows.filter((row) => row.length);
}

// Takes a saved table; an Error says why not, and then nothing has changed.
function take(text) {
  const refuse = (why) => { throw new Error(why); };
  const [head = [], ...rows] = parsed(text);
  if ([...head].sort().join() !== [...columns].sort().join()) refuse(`The columns are not ${columns.join(", ")}.`);
  if (rows.some((row) => row.length !== head.length)) refuse("A row has too few or too many cells.");
  const all = rows.map((row) => Object.fromEntries(head.map((name, at) => [name, row[at]])));
  const own = all.filter((row) => row.sha256 === dived.sha256 && Number(row.performance) === dived.number);
  if (!own.length) refuse("These are corrections of another video, or of one that has changed since.");
  const values = new Map(own.map((row) => [row.what, row]));
  const known = [...edges.map((edge) => edge.what), ...texts.map((one) => one.dataset.what)];
  if (values.size !== own.length || own.some((row) => !known.includes(row.what))) refuse("A row is there twice, or means nothing here.");
  const number = (cell) => (cell === "" ? null : /^\d+$/.test(cell) ? Number(cell) : refuse(`${cell} is no frame.`));
  const placed = edges.map(({ what }) => values.get(what) ?? refuse(`The row ${what} is missing.`))
    .map((row) => ({ frame: number(row.corrected), model: number(row.model) }));
  const frames = placed.map(({ frame }) => frame).filter((frame) => frame !== null);
  if (frames.some((frame, at) => at && frame <= frames[at - 1])) refuse("The frames are not in order.");
  if (frames.some((frame) => frame < dived.first || frame > dived.first + dived.length)) refuse("A frame lies beyond those that are shown.");
  edges.forEach((edge, at) => Object.assign(edge, placed[at]));
  texts.forEach((one) => { one.value = values.get(one.dataset.what)?.corrected ?? ""; });
  seen = own[0].date;
  isSaved = true;
  refresh();
}

async function save() {
  if (saver.disabled || texts.some((one) => !one.reportValidity())) return;
  const date = new Date().toISOString(), text = saved(date);
  [saver.disabled, isSaved] = [true, true]; // unless something changes before the answer
  try {
    if (dived.save) {
      const answer = await fetch(`${dived.save}?seen=${encodeURIComponent(seen)}`, { method: "POST", body: text });
      if (!answer.ok) throw new Error((await answer.json().catch(() => ({}))).message ?? `The server answers ${answer.status}.`);
    } else download(`${dived.file}.corrections.csv`, new Blob([text], { type: "text/csv" }));
    seen = date;
    if (isSaved) status.value = dived.save ? "Saved." : "Saved: look in your downloads.";
  } catch (error) {
    isSaved = false;
    status.value = `Not saved: ${error.message}`;
  }
  saver.disabled = false;
}

async function open(given) {
  try {
    if (given.size > LARGEST) throw new Error("The file is too large.");
    take(await given.text());
    status.value = "Opened.";
  } catch (error) {
    status.value = `Not opened: ${error.message}`;
  }
}

saver.addEventListener("click", save);
correct.querySelector("[name=open]").addEventListener("click", () => file.click());
file.addEventListener("change", async () => { await open(file.files[0]); file.value = ""; });
texts.forEach((one) => one.addEventListener("input", () => { isSaved = false; status.value = "Not saved yet."; }));
correct.addEventListener("toggle", () => { lane.hidden = !correct.open; refresh(); });
new ResizeObserver(refresh).observe(lane);
window.addEventListener("beforeunload", (event) => { if (!isSaved) event.preventDefault(); });
correct.hidden = false;
refresh();
if (dived.save) fetch(dived.save).then((answer) => answer.ok && open(answer)).catch(() => {});
