// Asking and correcting without leaving the page: the same forms, the same pages, only the changed part is put in place.

const say = (text) => (document.getElementById("busy").textContent = text);

async function send(form) {
  const ask = document.getElementById("ask");
  const buttons = [...document.querySelectorAll("main button[type=submit]")];
  const body = new URLSearchParams(new FormData(form));
  buttons.forEach((button) => (button.disabled = true));
  say(ask.dataset.busy);
  try {
    const answer = await fetch(form.action, { method: "POST", body, headers: { Accept: "text/html" } });
    show(new DOMParser().parseFromString(await answer.text(), "text/html"), answer.url, new URL(form.action).pathname === "/try");
  } catch {
    form.submit(); // the network failed half-way: let the browser try, and say what it finds
  }
}

function show(page, address, asked) {
  for (const part of ["main", ".languages"]) document.querySelector(part).replaceWith(page.querySelector(part));
  document.title = page.title;
  if (location.href !== address) history.pushState({}, "", address);
  const place = document.querySelector(".trouble[role=alert]") ?? document.getElementById(asked ? "answer-title" : "said-title");
  place?.setAttribute("tabindex", "-1");
  place?.focus({ preventScroll: true });
  place?.scrollIntoView({ block: "nearest" });
}

document.addEventListener("submit", (event) => {
  if (!event.target.closest("main")) return;
  event.preventDefault();
  send(event.target);
});
document.addEventListener("click", (event) => {
  const example = event.target.closest("[data-text]");
  if (!example) return;
  event.preventDefault();
  document.getElementById("text").value = example.dataset.text;
  document.getElementById("ask").requestSubmit();
});
document.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey) && event.target.form) event.target.form.requestSubmit();
});
addEventListener("popstate", () => location.reload());
