// The strip that tells what runs now, fed by server-sent events. When the work ends the page is read again: it has news.

const strip = document.getElementById("progress");
const words = JSON.parse(strip.dataset.words);
const notes = JSON.parse(strip.dataset.notes).map(([shape, message]) => [new RegExp(`^${shape}$`), message]);
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
  note.textContent = said(told.note ?? "");
  if (told.total) bar.value = (100 * told.done) / told.total;
  else bar.removeAttribute("value");
});

// What the work says of itself, in the page's language; nothing when its shape is not known.
function said(text) {
  for (const [shape, message] of notes) {
    const found = text.match(shape);
    if (found) return message.replace(/%\((\w+)\)s/g, (_, name) => found.groups[name]);
  }
  return "";
}

addEventListener("pagehide", () => source.close());
