// The slider reads every curve at one frame, in words, and marks it.
const readings = JSON.parse(document.getElementById("readings").textContent);
const slider = document.getElementById("frame");
function read() {
  const frame = Number(slider.value);
  document.getElementById("reading").textContent = readings.text[frame];
  for (const line of document.querySelectorAll("line.now")) {
    const at = (1000 * (frame + 0.5)) / readings.text.length;
    line.setAttribute("x1", at);
    line.setAttribute("x2", at);
    line.setAttribute("visibility", "visible");
  }
}
slider.addEventListener("input", read);
// It opens where the performance begins; on a narrow screen that may lie to the right.
slider.value = readings.start;
read();
const timeline = document.querySelector(".timeline");
timeline.scrollLeft = (timeline.scrollWidth * readings.start) / readings.text.length - timeline.clientWidth / 4;
