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
slider.value = readings.start; // where the performance begins
read();
