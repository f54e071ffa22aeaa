// Shows chosen or dropped photos before they are uploaded.
document.addEventListener("change", (event) => {
  const drop = event.target.closest("[data-photos-drop]");
  if (!drop) return;
  const preview = drop.querySelector("[data-photos-preview]");
  preview.replaceChildren();
  for (const file of event.target.files) {
    // A data address, because the content policy knows no blob: ones.
    const reader = new FileReader();
    const image = document.createElement("img");
    image.alt = file.name;
    preview.append(image);
    reader.addEventListener("load", () => { image.src = reader.result; });
    reader.readAsDataURL(file);
  }
});

for (const name of ["dragenter", "dragover", "dragleave", "drop"]) {
  document.addEventListener(name, (event) => {
    const drop = event.target.closest?.("[data-photos-drop]");
    if (drop) drop.classList.toggle("is-over", name === "dragenter" || name === "dragover");
  });
}
