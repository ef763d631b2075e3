"use strict";
// Everything below puts texts into the page as texts: what senders chose is never read as markup.
(() => {
  const STATES = ["denied", "conflicted", "not collected"];
  const MEANINGS = new Map([
    ["FILTERED_BY_END_USER_CONSENT", "a category that the destination requires was not granted"],
    ["FILTERED_BY_INTEGRATIONS_OBJECT", "the event\u2019s own integrations object leaves the destination out"],
  ]);
  // As many audiences are put into the page at once.
  const TOGETHER = 40;

  const data = JSON.parse(document.getElementById("data").textContent);
  const $ = (id) => document.getElementById(id);
  const number = new Intl.NumberFormat("en");
  const count = (n, what) => `${number.format(n)} ${what}${n === 1 ? "" : "s"}`;

  // Characters that are not seen, or turn what follows around, are spelt out.
  const visible = (text) =>
    String(text).replace(/[\u0000-\u001f\u007f-\u009f\u061c\u200b\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]/gu,
      (c) => `\\u{${c.codePointAt(0).toString(16)}}`);

  function el(tag, attributes, ...children) {
    const element = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes || {})) {
      if (value === true) element.setAttribute(name, "");
      else if (value !== false && value !== null && value !== undefined) element.setAttribute(name, value);
    }
    element.append(...children.filter((child) => child !== null && child !== undefined));
    return element;
  }
  // A name that somebody chose: it may run from right to left without turning what stands around it.
  const name = (text, attributes) => el("bdi", { dir: "auto", ...attributes }, visible(text));
  const code = (text) => el("span", { class: "code" }, visible(text));

  // Rounded so that nothing is told as none, and less than all not as all.
  function share(part, whole) {
    if (whole === 0) return "";
    const percent = (part * 100) / whole;
    if (part > 0 && percent < 0.1) return "under 0.1 %";
    if (part < whole && percent > 99.9) return "over 99.9 %";
    return `${percent.toFixed(percent < 10 || percent > 90 ? 1 : 0).replace(/\.0$/, "")} %`;
  }

  // The numbers stand beside it, so that it is of no use to those who hear the page.
  function bar(whole, ...parts) {
    const box = el("span", { class: "bar", "aria-hidden": "true" });
    for (const [kind, part] of parts) {
      const piece = el("i", { class: part > 0 ? `${kind} some` : kind });
      piece.style.width = `${whole > 0 ? (part * 100) / whole : 0}%`;
      box.append(piece);
    }
    return box;
  }

  function step(id, kind, title, n, whole, parts) {
    return el("li", { class: `step ${n === 0 ? "zero" : kind}`, "data-step": id, "data-count": n },
      el("span", { class: "name" }, title), " ",
      el("strong", { class: "num" }, number.format(n)), " ",
      el("span", { class: "share" }, whole === null ? "" : share(n, whole)),
      bar(whole === null ? n : whole, ...parts));
  }

  const heads = (...titles) =>
    el("thead", null, el("tr", null, ...titles.map(([title, kind]) => el("th", { scope: "col", class: kind }, title))));

  // ---- reasons and samples

  function matrix(categories, caption) {
    const table = el("table", { class: "matrix" });
    if (caption) table.append(el("caption", null, caption));
    const most = Math.max(1, ...categories.flatMap(([, states]) => STATES.map((state) => states[state] || 0)));
    table.append(heads(["Category"], ...STATES.map((state) => [state, "n"])));
    const rows = categories.map(([category, states]) =>
      el("tr", { "data-category": category }, el("th", { scope: "row" }, name(category)),
        ...STATES.map((state) => {
          const n = states[state] || 0;
          const cell = el("td", { class: n === 0 ? "n zero" : "n", "data-state": state }, number.format(n));
          const meter = el("span", { class: "meter", "aria-hidden": "true" });
          meter.style.width = `${(n * 100) / most}%`;
          if (n > 0) cell.append(meter);
          return cell;
        })));
    table.append(el("tbody", null, ...rows));
    return table;
  }

  function samples(discard) {
    const shown = discard.samples;
    if (shown.length === 0) return null;
    const all = shown.length === discard.count;
    const caption = all ? count(shown.length, "sample") + ": all of them"
      : `${count(shown.length, "sample")} of ${number.format(discard.count)}`;
    const isMember = shown[0].profile !== undefined;
    const head = isMember ? [["Profile"], ["Missing"]] : [["Message"], ["Event"]];
    const rows = shown.map((sample) => {
      const missing = Array.isArray(sample.categories) ? sample.categories.map((category) => [category, ""])
        : Object.entries(sample.categories || {});
      const cell = el("td");
      if (!isMember) cell.append(name(sample.event || sample.type), " ");
      missing.forEach(([category, state], at) =>
        cell.append(at > 0 || !isMember ? "\u00b7 " : "", name(category), " ", el("span", { class: "state" }, state), " "));
      return el("tr", null, el("th", { scope: "row" }, isMember ? name(sample.profile) : name(sample.message_id || "(none)")), cell);
    });
    return el("table", { class: "samples" }, el("caption", null, caption), heads(...head), el("tbody", null, ...rows));
  }

  function discarded(discard) {
    const meaning = MEANINGS.get(discard.reason);
    const summary = el("summary", null, el("b", null, number.format(discard.count)), " ", code(discard.reason),
      meaning ? `: ${meaning}` : "");
    const categories = Object.entries(discard.categories || {});
    const inside = [categories.length > 0 ? el("div", null, matrix(categories, "By category and state")) : null, samples(discard)];
    const parts = inside.filter((part) => part);
    return el("details", { "data-reason": discard.reason, "data-count": discard.count }, summary,
      parts.length > 0 ? el("div", { class: "detail" }, ...parts) : el("p", { class: "aside" }, "No samples were asked for."));
  }

  // ---- destinations

  function flows(caption, first, list, attributes) {
    const table = el("table", { class: "flows" }, el("caption", { class: "sr" }, caption),
      heads(["Destination", "w-name"], ["Requires", "w-need"], [first, "n w-n"], ["Filtered", "n w-n"], ["Cleared", "n w-n"], ["", "graph"]));
    const body = el("tbody");
    for (const [destination, flow] of list) {
      const requires = flow.requires.length > 0 ? flow.requires.map((category) => name(category, { class: "chip" }))
        : [el("span", { class: "chip none" }, "nothing")];
      const cell = (kind, head, n) => el("td", { class: `n ${n === 0 ? "zero" : kind}`, "data-head": head }, number.format(n));
      body.append(el("tr", {
        class: "flow", "data-destination": destination, "data-entered": flow.entered, "data-filtered": flow.filtered,
        "data-delivered": flow.delivered, ...attributes,
      },
        el("th", { scope: "row" }, name(destination), flow.label ? name(flow.label, { class: "label" }) : null),
        el("td", { class: "need" }, el("span", { class: "chips" }, ...requires)),
        cell("", first, flow.entered), cell("held-n", "Filtered", flow.filtered), cell("clear-n", "Cleared", flow.delivered),
        el("td", { class: "graph" }, bar(flow.entered, ["c", flow.delivered], ["h", flow.filtered]),
          el("span", { class: "sr" }, flow.entered > 0 ? `${share(flow.delivered, flow.entered)} cleared` : "nobody came"))));
      if (flow.discards.length > 0) {
        body.append(el("tr", { class: "why" }, el("td", { colspan: 6 }, ...flow.discards.map(discarded))));
      }
    }
    table.append(body);
    return table;
  }

  function audienceCard([audience, its, list]) {
    const what = its.of === "accounts" ? "account" : "member";
    const title = el("header", null, el("h3", null, name(audience)), its.label ? name(its.label, { class: "label" }) : null,
      el("span", { class: "size" }, count(its.size, what)));
    const card = el("article", { class: "card", "data-audience": audience, "data-size": its.size }, title);
    if (list.length === 0) {
      card.append(el("p", { class: "none" }, "Sent nowhere"));
    } else {
      const first = its.of === "accounts" ? "Users" : "Members";
      card.append(flows(`Destinations of ${visible(audience)}`, first, list, { "data-audience": audience }));
    }
    return card;
  }

  // ---- filters, which stand in the address behind the #

  const audiences = Object.entries(data.audiences);
  const raw = Object.entries(data.events.destinations);
  let chosen = [];
  let shown = 0;

  function option(value, text) {
    return el("option", { value }, visible(text));
  }

  function fillChoices() {
    const destinations = new Map();
    const reasons = new Set();
    for (const [, its] of [...audiences, ["", { destinations: data.events.destinations }]]) {
      for (const [destination, flow] of Object.entries(its.destinations)) {
        destinations.set(destination, flow.label ? `${destination} \u2013 ${flow.label}` : destination);
        flow.discards.forEach((discard) => reasons.add(discard.reason));
      }
    }
    data.events.failures.forEach((failure) => reasons.add(failure.reason));
    $("f-destination").append(option("", "All"), ...[...destinations].map(([value, text]) => option(value, text)));
    $("f-reason").append(option("", "All"), ...[...reasons].map((reason) => option(reason, reason)));
  }

  const asked = () => ({
    audience: $("f-audience").value.trim(),
    destination: $("f-destination").value,
    reason: $("f-reason").value,
    order: $("f-order").value,
    held: $("f-held").checked,
  });

  function passes(filter, destination, flow) {
    return (filter.destination === "" || destination === filter.destination)
      && (filter.reason === "" || flow.discards.some((discard) => discard.reason === filter.reason))
      && (!filter.held || flow.filtered > 0);
  }

  function choose(filter) {
    const narrowed = filter.destination !== "" || filter.reason !== "" || filter.held;
    const matches = [];
    const part = filter.audience.toLowerCase();
    for (const [audience, its] of audiences) {
      if (!`${audience}\n${its.label || ""}`.toLowerCase().includes(part)) continue;
      const list = Object.entries(its.destinations).filter(([destination, flow]) => passes(filter, destination, flow));
      if (list.length > 0 || !narrowed) matches.push([audience, its, list]);
    }
    const held = ([, , list]) => list.reduce((sum, [, flow]) => sum + flow.filtered, 0);
    if (filter.order === "held") matches.sort((a, b) => held(b) - held(a));
    if (filter.order === "size") matches.sort((a, b) => b[1].size - a[1].size);
    return matches;
  }

  function showMore(most) {
    $("list").append(...chosen.slice(shown, shown + most).map(audienceCard));
    shown = Math.min(chosen.length, shown + most);
    const rest = chosen.length - shown;
    $("more").hidden = rest === 0;
    $("more").textContent = rest > 0 ? `Show ${number.format(Math.min(rest, TOGETHER))} more of ${number.format(rest)}` : "";
  }

  function show() {
    const filter = asked();
    chosen = choose(filter);
    const sums = { entered: 0, filtered: 0, delivered: 0, pipelines: 0 };
    const categories = new Map();
    for (const [, , list] of chosen) {
      for (const [, flow] of list) {
        sums.pipelines += 1;
        for (const key of ["entered", "filtered", "delivered"]) sums[key] += flow[key];
        for (const discard of flow.discards) {
          for (const [category, states] of Object.entries(discard.categories || {})) {
            const sum = categories.get(category) || Object.create(null);
            for (const state of STATES) sum[state] = (sum[state] || 0) + (states[state] || 0);
            categories.set(category, sum);
          }
        }
      }
    }
    $("audiences-pipe").replaceChildren(
      step("entered", "", "From audiences", sums.entered, null, [["a", sums.entered]]),
      step("filtered", "held", "Filtered at destination", sums.filtered, sums.entered, [["blank", sums.delivered], ["h", sums.filtered]]),
      step("delivered", "clear", "Cleared for delivery", sums.delivered, sums.entered, [["c", sums.delivered]]));
    $("consent").replaceChildren(...(categories.size === 0 ? [] : [
      el("div", { class: "card" },
        el("header", null, el("h3", null, "For want of consent"),
          el("span", { class: "label" }, "What the members lack that are held back; who lacks two categories is counted at both")),
        matrix([...categories], ""))]));
    $("list").replaceChildren();
    shown = 0;
    showMore(TOGETHER);
    if (chosen.length === 0) $("list").append(el("p", { class: "aside" }, audiences.length === 0 ? "There is no audience." : "No audience passes these filters."));

    const failures = data.events.failures.filter((failure) => filter.reason === "" || failure.reason === filter.reason);
    $("failures").replaceChildren(...(failures.length === 0 ? [] : [failuresCard(failures)]));
    const list = raw.filter(([destination, flow]) => passes(filter, destination, flow));
    $("raw").hidden = raw.length === 0;
    $("raw-list").replaceChildren(...(list.length === 0 ? [] : [
      el("div", { class: "card" }, el("header", null, el("h3", null, "Every destination of the workspace")),
        flows("Accepted events at each destination", "Events", list, { "data-raw": true }))]));

    $("status").textContent = `${count(chosen.length, "audience")}, ${count(sums.pipelines, "pipeline")}, ${number.format(sums.filtered)} held back${told(filter)}`;
    remember(filter);
  }

  // In words, for those who hear the page and for paper, which has no fields.
  function told(filter) {
    const said = ["audience", "destination", "reason"].filter((key) => filter[key] !== "")
      .map((key) => `${key} \u201c${visible(filter[key])}\u201d`);
    if (filter.held) said.push("held back only");
    return said.length > 0 ? ` (${said.join(", ")})` : "";
  }

  function failuresCard(failures) {
    const rows = failures.map((failure) => {
      const samples = failure.samples.map((sample) =>
        el("div", null, name(sample.file ? `${sample.file}:${sample.line}` : `event ${sample.line}`), ": ", name(sample.detail)));
      const cell = el("td");
      if (samples.length > 0) {
        cell.append(el("details", null, el("summary", null, count(samples.length, "sample")), ...samples));
      }
      return el("tr", { "data-code": failure.reason, "data-count": failure.count },
        el("th", { scope: "row" }, code(failure.reason)), el("td", { class: "n" }, number.format(failure.count)), cell);
    });
    return el("div", { class: "card" }, el("header", null, el("h3", null, "Failed on ingest")),
      el("table", { class: "codes" }, el("caption", { class: "sr" }, "Why events were refused"),
        heads(["Reason", "w-code"], ["Events", "n w-n"], ["Samples"]), el("tbody", null, ...rows)));
  }

  function remember(filter) {
    const said = new URLSearchParams();
    for (const key of ["audience", "destination", "reason"]) if (filter[key] !== "") said.set(key, filter[key]);
    if (filter.order !== "declared") said.set("order", filter.order);
    if (filter.held) said.set("held", "yes");
    const theme = document.documentElement.dataset.theme;
    if (theme) said.set("theme", theme);
    const text = said.toString();
    try {
      history.replaceState(null, "", text === "" ? location.pathname + location.search : `#${text}`);
    } catch {
      // Somewhere without an address to keep: the filters work all the same.
    }
  }

  function recall() {
    const said = new URLSearchParams(location.hash.slice(1));
    const has = (select, value) => [...select.options].some((choice) => choice.value === value);
    $("f-audience").value = said.get("audience") || "";
    for (const key of ["destination", "reason", "order"]) {
      const select = $(`f-${key}`);
      const value = said.get(key) || "";
      select.value = has(select, value) ? value : select.options[0].value;
    }
    $("f-held").checked = said.get("held") === "yes";
    setTheme(said.get("theme") || "auto");
  }

  function setTheme(theme) {
    const known = ["light", "dark"].includes(theme) ? theme : "auto";
    if (known === "auto") delete document.documentElement.dataset.theme;
    else document.documentElement.dataset.theme = known;
    document.querySelector(`input[name="theme"][value="${known}"]`).checked = true;
  }

  // ---- what does not change

  function fixed() {
    $("now").textContent = data.now;
    $("now").setAttribute("datetime", data.now);
    $("profiles").textContent = count(data.profiles, "profile");
    $("enforcement").textContent = data.enforcement ? "Consent enforced" : "Consent enforcement off: every member is delivered everywhere";
    $("enforcement").classList.toggle("off", !data.enforcement);
    $("disabled").textContent = data.disabled.length > 0 ? `Not required, because disabled: ${data.disabled.map(visible).join(", ")}` : "";
    $("personal").textContent = data.samples > 0
      ? "The samples on this page name people: it is personal data. With --samples 0 it has counts alone."
      : "This page has counts alone, and names nobody.";
    const { received, failed_on_ingest: failed, in_no_step: silent, accepted } = data.events;
    $("events-pipe").append(
      step("received", "", "Successfully received", received, null, [["a", received]]),
      step("failed", "fail", "Failed on ingest", failed, received, [["blank", received - failed], ["f", failed]]),
      step("accepted", "clear", "Accepted", accepted, received, [["c", accepted]]));
    const dropped = [];
    if (silent.duplicate > 0) dropped.push(count(silent.duplicate, "duplicate"));
    if (silent.later > 0) dropped.push(`${number.format(silent.later)} later than this instant`);
    for (const [what, n] of Object.entries(silent.left_out)) dropped.push(`${number.format(n)} left out of events (${visible(what)})`);
    $("silent").textContent = dropped.length > 0 ? `In no step: ${dropped.join(", ")}` : "";
  }

  fixed();
  fillChoices();
  recall();
  show();
  let waiting = 0;
  $("f-audience").addEventListener("input", () => { clearTimeout(waiting); waiting = setTimeout(show, 120); });
  for (const id of ["f-destination", "f-reason", "f-order", "f-held"]) $(id).addEventListener("change", show);
  $("filters").addEventListener("submit", (event) => { event.preventDefault(); show(); });
  $("filters").addEventListener("reset", () => setTimeout(show));
  $("more").addEventListener("click", () => {
    const next = shown;
    showMore(TOGETHER);
    const card = $("list").children[next];
    if (card) { card.tabIndex = -1; card.focus({ preventScroll: true }); }
  });
  for (const choice of document.querySelectorAll("input[name='theme']")) {
    choice.addEventListener("change", () => { setTheme(choice.value); remember(asked()); });
  }
  addEventListener("hashchange", () => { if (location.hash.includes("=")) { recall(); show(); } });
  let closed = [];
  addEventListener("beforeprint", () => {
    showMore(chosen.length);
    closed = [...document.querySelectorAll("details:not([open])")];
    closed.forEach((details) => { details.open = true; });
  });
  addEventListener("afterprint", () => closed.forEach((details) => { details.open = false; }));
})();
