// Asks the host something light with every letter, something heavy when told to, and twice a second how it is. All that it shows is text.
{
  const at = (id) => document.getElementById(id);
  const [query, form, fork, host] = [at("query"), at("form"), at("fork"), at("host")];

  /** An element of a class, with texts and elements in it. */
  const make = (tag, className, ...content) => {
    const element = document.createElement(tag);
    element.className = className;
    element.append(...content);
    return element;
  };
  const count = (n, word) => `${n.toLocaleString("en-US")} ${n === 1 ? word : `${word}s`}`;
  const ms = (value) => (value === undefined ? "" : `${value.toFixed(value < 100 ? 1 : 0)} ms`);
  const mebibytes = (bytes) => (bytes === undefined ? "" : `${(bytes / 2 ** 20).toFixed(1)} MiB`);
  /** Standing still for so long, in ms, is felt. */
  const FELT = 100;

  const ask = async (path, params = {}) => {
    const response = await fetch(`${path}?${new URLSearchParams(params)}`);
    const said = await response.json();
    if (!response.ok) throw new Error(said.error);
    return said;
  };

  /** Those of a heavy answer have errors, and say in how many places they are. */
  const hit = ({ name, version, excerpt: { before, found, after }, errors, places }) => {
    const item = make("li", "");
    if (errors !== undefined) {
      const how = errors === 0 ? "exactly" : count(errors, "error");
      item.append(make("span", "note aside", `${how}, ${count(places, "place")}`));
    }
    item.append(make("span", "name", name), " ", make("span", "note", version));
    item.append(make("p", "", before, make("mark", "", found), after));
    return item;
  };

  // As the reader types. Of several answers on their way only the last is shown.
  let typed = 0;
  const askLight = async () => {
    typed += 1;
    const mine = typed;
    const text = query.value.trim();
    const began = performance.now();
    const answer = text === "" ? undefined : await ask("/search", { q: text }).catch((error) => error);
    if (mine !== typed) return;
    at("light").replaceChildren(...(answer?.hits ?? []).map(hit));
    at("nothing").hidden = answer?.pages !== 0;
    const took = ms(performance.now() - began);
    at("light-note").textContent =
      answer === undefined ? "as you type" : (answer.message ?? `${count(answer.pages, "page")} in ${took}`);
  };

  const figure = (name, value, slow = false) => {
    const pair = make("div", slow ? "slow" : "");
    pair.append(make("dt", "", name), make("dd", "", value));
    return pair;
  };

  const showHeavy = ({ answer, editionNow, startTime, pause, took, memory, light }) => {
    const { edition, places, pages, hits, company } = answer;
    const later = editionNow === edition ? "" : `, while the host went on to ${editionNow}`;
    at("heavy-note").textContent = `${count(places, "place")} on ${count(pages, "page")} of edition ${edition}${later}`;
    const figures = [
      ...(startTime === undefined ? [] : [figure("fork", ms(startTime))]),
      figure("the host stood still", ms(pause), pause > FELT),
      figure("search", ms(took)),
      ...(memory === undefined
        ? []
        : [figure("shared with the host", mebibytes(memory.shared)), figure("of its own", mebibytes(memory.own))]),
      figure(
        `${count(light.answered, "light request")} meanwhile, the slowest`,
        ms(light.slowest),
        light.slowest > FELT,
      ),
    ];
    at("figures").replaceChildren(...figures);
    at("figures").hidden = false;
    at("company").textContent = `Near it stand: ${company.join(", ")}`;
    at("company").hidden = company.length === 0;
    at("heavy").replaceChildren(...hits.map(hit));
  };

  const askHeavy = async (by) => {
    const text = query.value.trim();
    if (text === "") return query.focus();
    history.replaceState(undefined, "", `/?${new URLSearchParams({ q: text, by })}`);
    [fork.disabled, host.disabled] = [true, true];
    at("heavy-note").textContent = by === "fork" ? "a fork is at work" : "the host is at work, and does nothing else";
    try {
      showHeavy(await ask("/heavy", { q: text, by }));
    } catch (error) {
      at("heavy-note").textContent = error.message;
    }
    [fork.disabled, host.disabled] = [false, false];
    await showStatus();
  };

  const row = ({ query, by, startTime, pause, took, memory, light }) => {
    const cell = (text, slow = false) => make("td", slow ? "slow" : "", text);
    const item = make("tr", "");
    item.append(
      cell(query),
      cell(by === "fork" ? "a fork" : "the host itself"),
      cell(ms(startTime)),
      cell(ms(pause), pause > FELT),
      cell(ms(took)),
      cell(mebibytes(memory?.shared)),
      cell(mebibytes(memory?.own)),
      cell(String(light.answered)),
      cell(ms(light.slowest), light.slowest > FELT),
    );
    return item;
  };

  const showStatus = async () => {
    const { edition, pages, words, terms, heap, asked } = await ask("/status");
    at("edition").textContent = `edition ${edition}`;
    const facts = [count(pages, "page"), count(words, "word"), `${terms.toLocaleString("en-US")} of them different`];
    at("facts").replaceChildren(...[...facts, `${mebibytes(heap)} of heap`].map((text) => make("li", "", text)));
    at("asked").hidden = asked.length === 0;
    at("rows").replaceChildren(...asked.map(row));
  };

  const keepShowing = async () => {
    await showStatus().catch(() => (at("edition").textContent = "the host is gone"));
    setTimeout(keepShowing, 500);
  };

  query.addEventListener("input", askLight);
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    askHeavy("fork");
  });
  host.addEventListener("click", () => askHeavy("host"));

  // An address may bring its question.
  const asked = new URLSearchParams(location.search);
  query.value = asked.get("q") ?? query.value;
  askLight();
  keepShowing();
  if (asked.has("by") && query.value !== "") askHeavy(asked.get("by"));
}
