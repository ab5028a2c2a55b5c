// A running test: hears pictures of it from the coordinator, one a second, and shows them. Whatever
// others wrote is put in as text.
"use strict";
(() => {
  const at = (id) => document.getElementById(id);
  const specs = JSON.parse(at("dashboard-charts").textContent);
  const lightWords = { open: "not judged yet", good: "holds", near: "near", broken: "missed" };
  const tones = { PASS: "good", FAIL: "bad", INVALID: "bad" };
  const attempts = 20;  // to hear from a coordinator that is silent, 3 s apart

  let columns = null;  // of the course
  let drawn = false;
  let picture = null;  // the newest
  let from = 0;        // which agents are shown
  let failures = 0;

  function made(tag, text, className) {
    const element = document.createElement(tag);
    if (text !== undefined) element.textContent = text;
    if (className) element.className = className;
    return element;
  }

  function row(heading, ...cells) {
    const line = made("tr");
    heading.scope = "row";
    line.append(heading, ...cells);
    return line;
  }

  const numbers = (texts) => texts.map((text) => made("td", text, "number"));
  const fill = (id, rows) => at(id).tBodies[0].replaceChildren(...rows);

  // ---- words and tables

  function showHead() {
    at("scenario").textContent = picture.scenario;
    at("stage").textContent = picture.stage;
    at("progress").value = picture.progress;
    at("clock").textContent = picture.clock;
    at("left").textContent = picture.left;
    const share = Math.floor(picture.progress * 100) + " %";
    const where = picture.end ? picture.end.word : picture.stage + " " + share;
    document.title = where + " · " + picture.scenario + " · squall";
    at("banners").replaceChildren(...picture.banners.map((text) => made("p", text, "banner")));
  }

  function showTiles() {
    at("tiles").replaceChildren(...picture.tiles.map((tile) => {
      const box = made("div", undefined, tile.bad ? "tile bad" : "tile");
      box.append(made("span", tile.name), made("b", tile.value), made("span", tile.more));
      return box;
    }));
  }

  function lightRow(light) {
    const words = made("td");
    words.append(made("span", lightWords[light.light], "light " + light.light));
    const figure = made("td", [light.measured, light.limit && "(" + light.limit + ")"]
      .filter((text) => text).join(" "));
    if (light.why) figure.append(made("span", light.why, "why"));
    return row(made("th", light.name), words, figure);
  }

  function showLights() {
    fill("thresholds", picture.thresholds.map(lightRow));
    at("no-thresholds").hidden = picture.thresholds.length > 0;
    fill("audit", picture.audit.map(lightRow));
  }

  function showLatencies() {
    at("latencies-of").textContent =
      picture.latencies_of_warm_up ? "warm-up so far" : "measured so far";
    fill("latencies", picture.latencies.map((each) => row(made("th", each.name),
      ...numbers([...each.now, ...each.run, each.samples]))));
  }

  function showNews() {
    fill("errors", picture.errors.map(([what, count]) => row(made("th", what), ...numbers([count]))));
    at("no-errors").hidden = picture.errors.length > 0;
    const news = [...picture.warnings.map((text) => "warning: " + text), ...picture.events];
    at("news").replaceChildren(...news.map((text) => made("li", text)));
    at("no-news").hidden = news.length > 0;
  }

  // ---- agents: the worst come with each picture, others are asked for

  function agentRow(agent) {
    const heading = made("th", agent.name);
    if (agent.host) heading.append(made("span", agent.host, "host"));
    const state = made("td", agent.state, "state");
    if (agent.trouble) state.append(made("span", agent.trouble, "why"));
    const line = row(heading, state, ...numbers(agent.cells));
    if (!agent.well) line.className = "unwell";
    return line;
  }

  function showAgents(agents) {
    at("states").textContent = agents.states.map(([state, count]) => count + " " + state).join(", ");
    const many = agents.shown_of > 1;
    fill("spreads", many ? agents.spreads.map((each) =>
      row(made("th", each.name), ...numbers(each.values))) : []);
    fill("agents", agents.rows.map(agentRow));
    const end = agents.from + agents.rows.length;
    at("pages").hidden = agents.shown_of === agents.rows.length;
    at("rows").textContent = (agents.from + 1) + " to " + end + " of " + agents.all + ", worst first";
    at("before").disabled = agents.from === 0;
    at("after").disabled = end >= agents.shown_of;
  }

  function askForAgents() {
    const query = new URLSearchParams(location.search);
    query.set("from", from);
    const asked = from;
    fetch("agents?" + query).then((reply) => (reply.ok ? reply.json() : null)).then((agents) => {
      if (agents && asked === from) showAgents(agents);
    }).catch(() => {});  // the stream tells that nobody answers any more
  }

  function refreshAgents() {
    if (from === 0) showAgents(picture.agents); else askForAgents();
  }

  function turnPage(by) {
    from = Math.max(0, from + by);
    refreshAgents();
  }

  // ---- the course

  function takeCourse(course) {
    if (columns === null || columns.generation !== course.generation) {
      columns = course;
      return;
    }
    if (course.at.length === 0) return;
    let keep = columns.at.length;
    while (keep > 0 && columns.at[keep - 1] >= course.at[0]) --keep;
    for (const [name, list] of Object.entries(course))
      if (Array.isArray(list)) columns[name] = columns[name].slice(0, keep).concat(list);
  }

  const band = (name) => [{ y: name + "_p95", low: name + "_p50", high: name + "_p99" }];

  function sourcesOf(id) {
    switch (id) {
      case "tokens": return [{ y: "tokens" }];
      case "load":
        return picture.open_model
          ? [{ y: "planned", name: "planned arrivals per second" },
             { y: "starts", name: "started per second" }]
          : [{ y: "planned", name: "planned users" }, { y: "users", name: "users" }];
      case "in-flight": return [{ y: "in_flight" }];
      case "answers": return [{ y: "answers" }, { y: "errors" }];
      default: return band(id);
    }
  }

  function filled(spec) {
    const sources = sourcesOf(spec.id);
    const series = spec.series.map((each, i) => {
      const source = sources[i];
      const made = { ...each, name: source.name || each.name, x: columns.at, y: columns[source.y] };
      if (source.low) Object.assign(made, { low: columns[source.low], high: columns[source.high] });
      return made;
    });
    const marks = picture.warm_up > 0 ? [{ label: "measured from here", at: picture.warm_up,
                                           horizontal: false }] : [];
    return { ...spec, series, marks };
  }

  function showCourse() {
    const enough = columns !== null && columns.at.length > 1;
    at("no-course").hidden = enough;
    if (!enough) return;
    for (const spec of specs)
      if (drawn) window.SquallCharts.update(spec.id, filled(spec));
      else window.SquallCharts.draw(filled(spec), at(spec.id));
    drawn = true;
    document.documentElement.dataset.charts = "drawn";
  }

  // ---- all of it

  function showEnd() {
    const { end } = picture;
    at("end").hidden = !end;
    if (!end) return;
    at("end").className = "verdict " + (tones[end.word] || "doubtful");
    at("end").querySelector(".word").textContent = end.word;
    at("end").querySelector(".why").textContent =
      end.sentence + " (exit code " + end.exit_code + "). The page stays as it is.";
  }

  // Nobody looks at a hidden page; what came meanwhile is shown when somebody does again.
  function show() {
    if (picture === null || document.hidden) return;
    showHead();
    showEnd();
    showTiles();
    showLights();
    showLatencies();
    showNews();
    refreshAgents();
    showCourse();
  }

  function tell(text) {
    at("connection").textContent = text;
    at("connection").hidden = text === "";
  }

  function listen() {
    const source = new EventSource("events" + location.search);
    source.onmessage = (event) => {
      failures = 0;
      tell("");
      picture = JSON.parse(event.data);
      takeCourse(picture.course);
      if (picture.end) source.close();
      show();
    };
    source.onerror = () => {
      if (picture !== null && picture.end) return;
      ++failures;
      const given_up = failures >= attempts || source.readyState === EventSource.CLOSED;
      if (given_up) source.close();
      tell(given_up ? "Nobody answers any more. What is shown is the last that was heard; reload " +
                      "the page to try again."
                    : "The coordinator does not answer; trying again.");
    };
  }

  at("before").addEventListener("click", () => turnPage(-picture.agents.rows.length));
  at("after").addEventListener("click", () => turnPage(picture.agents.rows.length));
  document.addEventListener("visibilitychange", show);
  listen();
})();
