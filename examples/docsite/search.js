// Filters the index while the reader types: every word must occur in a package's name or description.
{
  const form = document.querySelector("form.search");
  const input = document.getElementById("search");
  const matches = document.getElementById("matches");
  const nothing = document.getElementById("nothing");
  const items = [...document.querySelectorAll("#packages > li")];

  const filter = () => {
    const words = input.value.toLowerCase().split(/\s+/).filter(Boolean);
    let shown = 0;
    for (const item of items) {
      item.hidden = !words.every((word) => item.dataset.text.includes(word));
      if (!item.hidden) shown += 1;
    }
    matches.textContent = words.length === 0 ? "" : `${shown} of ${items.length}`;
    nothing.hidden = shown > 0;
  };

  input.addEventListener("input", filter);
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const found = items.filter((item) => !item.hidden);
    if (found.length === 1) found[0].querySelector("a").click();
  });
  // Without this script the box would do nothing, so it is hidden until now.
  form.hidden = false;
  // The reader may come back to a page whose input the browser has kept.
  filter();
}
