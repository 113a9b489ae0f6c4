// Names the headings of a README as GitHub does, so that its table of contents leads somewhere: marked gives them no ids.
{
  const taken = new Map();
  for (const heading of document.querySelectorAll(".readme :is(h1, h2, h3, h4, h5, h6)")) {
    const slug = heading.textContent
      .trim()
      .toLowerCase()
      .replace(/[^\p{L}\p{M}\p{N}\p{Pc}\- ]/gu, "")
      .replaceAll(" ", "-");
    const before = taken.get(slug) ?? 0;
    taken.set(slug, before + 1);
    const id = before === 0 ? slug : `${slug}-${before}`;
    if (id !== "" && heading.id === "" && document.getElementById(id) === null) heading.id = id;
  }
  // The reader came for a heading that had no name yet when the page was loaded.
  const wanted = decodeURIComponent(location.hash.slice(1));
  if (wanted !== "") document.getElementById(wanted)?.scrollIntoView();
}
