// Words that are selected in the row go into the field below it: by mouse, by touch, or with the keyboard's own selection.

const row = document.getElementById("row");
const field = document.getElementById("words");

document.addEventListener("selectionchange", () => {
  const chosen = document.getSelection();
  if (!field || chosen.isCollapsed || !row.contains(chosen.anchorNode) || !row.contains(chosen.focusNode)) return;
  const part = chosen.getRangeAt(0).cloneContents();
  part.querySelectorAll("small").forEach((label) => label.remove()); // names of kinds are no words of the row
  field.value = part.textContent.trim();
});
