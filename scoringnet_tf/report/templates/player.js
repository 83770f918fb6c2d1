// The slider, the pictures and the video of each performance show the same frame.
const players = [...document.querySelectorAll(".player")].map((element) => {
  const [video, slider, now] = ["video", "input", ".now"].map((one) => element.querySelector(one));
  const captions = JSON.parse(element.dataset.captions), fps = Number(element.dataset.fps);
  const cursor = element.querySelector(".cursor");
  const show = (frame) => {
    slider.value = frame;
    if (cursor) cursor.style.left = `${100 * (frame + 0.5) / captions.length}%`;
    now.textContent = captions[frame];
    slider.setAttribute("aria-valuetext", captions[frame]);
  };
  const follow = () => {
    show(Math.min(Math.floor(video.currentTime * fps), captions.length - 1));
    if (!video.paused) requestAnimationFrame(follow);
  };
  const seek = (frame) => { video.currentTime = (frame + 0.5) / fps; };
  slider.hidden = false;
  if (cursor) cursor.hidden = false;
  slider.addEventListener("input", () => { video.pause(); seek(Number(slider.value)); });
  ["play", "seeked"].forEach((event) => video.addEventListener(event, follow));
  show(0);
  return { element, video, slider, seek, fps, length: captions.length / fps, moments: JSON.parse(element.dataset.moments) };
});
document.querySelectorAll("button[data-frame]").forEach((button) => {
  button.disabled = !players.length;
  button.addEventListener("click", () => {
    players[0].video.pause();
    players[0].seek(Number(button.dataset.frame));
    players[0].element.scrollIntoView({ block: "nearest" });
  });
});
// The arrow keys go frame by frame, wherever nothing else takes them.
document.addEventListener("keydown", (event) => {
  const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
  if (!step || players.length !== 1 || event.target.closest("input, select, video")) return;
  const { video, slider, seek } = players[0];
  event.preventDefault();
  video.pause();
  seek(Math.min(Math.max(Number(slider.value) + step, 0), Number(slider.max)));
});
