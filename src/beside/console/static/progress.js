// The strip that tells what runs now, fed by server-sent events. When the work ends the page is read again: it has news.

const strip = document.getElementById("progress");
const words = JSON.parse(strip.dataset.words);
const stage = strip.querySelector("[data-part=stage]");
const note = strip.querySelector("[data-part=note]");
const bar = strip.querySelector("progress");
const source = new EventSource(strip.dataset.source);
let working = !strip.hidden;

source.addEventListener("message", (event) => {
  const told = JSON.parse(event.data);
  if (told === null) {
    strip.hidden = true;
    if (working) location.reload();
    return;
  }
  working = true;
  strip.hidden = false;
  stage.textContent = words[told.stage] ?? told.stage;
  note.textContent = told.note ?? "";
  if (told.total) bar.value = (100 * told.done) / told.total;
  else bar.removeAttribute("value");
});
addEventListener("pagehide", () => source.close());
