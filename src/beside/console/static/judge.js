// Judging with one key a row: 1, 2, 3 press the buttons, 0 goes back to the last row. Not while something is typed.

document.documentElement.classList.add("can-key");
document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.repeat) return;
  if (event.target.closest("textarea, select, input:not([type=radio])")) return;
  const chosen = document.querySelector(`#judge [data-key="${CSS.escape(event.key)}"]`);
  if (!chosen) return;
  event.preventDefault();
  chosen.click();
});
