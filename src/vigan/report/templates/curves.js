// Curves and runs: one switch for the time axis, values read at a time or of a seed, an arm lit wherever it is drawn.
// The numbers are those of the tables below each chart and of "What an iteration counts".
(() => {
  const SVG = "http://www.w3.org/2000/svg";
  const axis = document.getElementById("axis");
  const short = (number) => (number % 1 ? +number.toPrecision(4) : number).toLocaleString("en");
  const numbers = (text) => text.trim().split(/[\s,]+/).map(Number);

  function ticks(longest, most) {
    const power = 10 ** Math.floor(Math.log10(longest / most));
    const step = [1, 2, 5, 10].map((factor) => factor * power).find((size) => size >= (longest / most) * (1 - 1e-9));
    return Array.from({ length: Math.floor(longest / step + 1e-9) + 1 }, (_, place) => place * step);
  }

  function costsOf(experiment) {
    const rows = [...experiment.querySelectorAll(".cost")];
    const read = (row) => [...row.querySelectorAll("td")].map((td) => [td.dataset.unit, parseFloat(td.textContent)]);
    return new Map(rows.map((row) => [row.dataset.arm, new Map(read(row))]));
  }

  // Of each line its arm, its iterations, and the heights of its points and of the outline of its band.
  function linesOf(chart) {
    return [...chart.querySelectorAll(".line")].map((line) => {
      const [points, band] = [line.querySelector("polyline"), line.querySelector("polygon")];
      const heights = (shape) => (shape ? numbers(shape.getAttribute("points")).filter((_, at) => at % 2) : []);
      return { arm: line.dataset.arm, steps: numbers(line.dataset.steps), line, points, band, high: heights(points), edge: heights(band) };
    });
  }

  // What heads the columns of a chart's numbers, and the texts of each arm.
  function valuesOf(chart) {
    const table = chart.querySelector(".folded table");
    const [heads, ...rows] = [...table.rows].map(({ cells }) => [...cells].slice(1).map((cell) => cell.textContent.trim()));
    return [heads, new Map(rows.map((texts, at) => [table.tBodies[0].rows[at].dataset.arm, texts]))];
  }

  function tell(chart, what, found) {
    const value = ({ text }) => parseFloat(text.replaceAll("−", "-"));
    const up = chart.dataset.better.startsWith("higher");
    found.sort((a, b) => isNaN(value(a)) - isNaN(value(b)) || (up ? 1 : -1) * (value(b) - value(a)));
    const list = document.createElement("ol");
    for (const { arm, text } of found) {
      const item = list.appendChild(document.createElement("li"));
      item.textContent = `${arm}: ${text}`;
      item.dataset.arm = arm;
      item.className = document.querySelector(`.cost.out[data-arm="${arm}"]`) ? "out" : "";
    }
    const words = `${what}, ${up ? "highest" : "lowest"} first:`;
    chart.querySelector(".reading output").replaceChildren(words, list);
  }

  const nearest = (places, far) => places.reduce((best, place, at) => (far(place) < far(places[best]) ? at : best), 0);

  function follow(chart, costs) {
    const [from, to] = [+chart.dataset.from, +chart.dataset.to];
    const at = chart.querySelector(".at");
    let lines, values, unit, times, longest;
    const cost = (arm) => costs.get(arm)?.get(unit);
    const place = (time) => (from + ((to - from) * time) / longest).toFixed(1);

    function draw() {
      lines ??= linesOf(chart);
      values ??= valuesOf(chart);
      unit = axis.value;
      const known = lines.filter(({ arm }) => cost(arm));
      times = [...new Set(known.flatMap(({ arm, steps }) => steps.map((step) => step * cost(arm))))].sort((a, b) => a - b);
      longest = times.at(-1) || 1;
      for (const { arm, steps, line, points, band, high, edge } of lines) {
        const xs = steps.map((step) => place(step * cost(arm)));
        if (line.classList.toggle("off", !cost(arm))) continue;
        points.setAttribute("points", xs.map((x, index) => `${x},${high[index]}`).join(" "));
        const round = [...xs, ...xs.toReversed()];
        band?.setAttribute("points", round.map((x, index) => `${x},${edge[index]}`).join(" "));
      }
      for (const labels of chart.querySelectorAll(".across")) {
        const height = labels.ownerSVGElement.viewBox.baseVal.height - 7;
        labels.replaceChildren(...ticks(longest, chart.querySelector(".small") ? 3 : 5).map((time) => {
          const text = document.createElementNS(SVG, "text");
          text.setAttribute("x", place(time));
          text.setAttribute("y", height);
          text.textContent = short(time);
          return text;
        }));
      }
      at.value = at.max = times.length - 1;
      read();
    }

    function read() {
      const time = times[at.value] ?? 0;
      const steps = values[0].map((head) => Number(head.replaceAll(",", "")));
      const found = [...values[1]].filter(([arm]) => cost(arm)).map(([arm, texts]) => {
        const last = texts.findLast((text, index) => text && steps[index] * cost(arm) <= time * (1 + 1e-9));
        return { arm, text: last ?? "–" };
      });
      const words = `${short(time)} ${axis.selectedOptions[0].textContent}`;
      const after = times[+at.value + 1];
      tell(chart, `At ${words}${after ? ` (next ${short(after)})` : ""}, the last values up to there`, found);
      at.setAttribute("aria-valuetext", words);
      const told = new Map(found.map(({ arm, text }) => [arm, text]));
      for (const panel of chart.querySelectorAll(".panel output")) panel.textContent = (told.get(panel.dataset.arm) ?? "").replace(", ", ",\u00a0");
      for (const cursor of chart.querySelectorAll(".cursor")) {
        cursor.setAttribute("d", `M${place(time)} 8V${cursor.ownerSVGElement.viewBox.baseVal.height - 24}`);
      }
    }

    chart.addEventListener("pointermove", (event) => {
      const svg = event.target.closest?.("svg");
      if (!svg) return;
      const box = svg.getBoundingClientRect();
      const x = ((event.clientX - box.left) / box.width) * svg.viewBox.baseVal.width;
      at.value = nearest(times, (time) => Math.abs(+place(time) - x));
      read();
    });
    at.addEventListener("input", read);
    chart.addEventListener("toggle", () => chart.open && unit !== axis.value && draw());
    axis.addEventListener("change", draw);
    if (chart.open) draw();
  }

  // The seed under the pointer, or the one chosen, is ringed in every row and told.
  function ring(chart) {
    const at = chart.querySelector(".at");
    const [seeds, values] = valuesOf(chart);
    const strips = [...chart.querySelectorAll(".line")].map((line) => ({
      columns: numbers(line.dataset.columns), ring: line.nextElementSibling, svg: line.ownerSVGElement,
      dots: line.querySelector(".dot").getAttribute("d").split("M").slice(1).map((dot) => numbers(dot.replace("h0", ""))),
    }));

    function read() {
      const column = Number(at.value);
      for (const { columns, dots, ring } of strips) {
        const dot = dots[columns.indexOf(column)];
        ring.setAttribute("d", dot ? `M${dot}m-4.5 0a4.5 4.5 0 1 0 9 0a4.5 4.5 0 1 0-9 0` : "");
      }
      const found = [...values].map(([arm, texts]) => ({ arm, text: texts[column] })).filter(({ text }) => text);
      tell(chart, `Seed ${seeds[column]}, last values`, found);
      at.setAttribute("aria-valuetext", `seed ${seeds[column]}`);
    }

    chart.addEventListener("pointermove", (event) => {
      const strip = strips.find(({ svg }) => svg.contains(event.target));
      if (!strip?.dots.length) return;
      const box = strip.svg.getBoundingClientRect();
      at.value = strip.columns[nearest(strip.dots, ([x, y]) => Math.hypot(event.clientX - box.left - x, event.clientY - box.top - y))];
      read();
    });
    at.max = seeds.length - 1;
    at.value = 0;
    at.addEventListener("input", read);
  }

  function light(experiment, arm, on) {
    for (const part of experiment.querySelectorAll(".line, .light")) {
      if (part.dataset.arm !== arm) continue;
      if (part.matches(".line")) part.classList.toggle("lit", on);
      else part.setAttribute("aria-pressed", String(on));
    }
    experiment.classList.toggle("dim", !!experiment.querySelector(".lit"));
  }

  for (const experiment of document.querySelectorAll(".curves")) {
    const costs = costsOf(experiment);
    for (const chart of experiment.querySelectorAll(".metric")) {
      chart.querySelector(".reading").hidden = false;
      if (chart.matches(".dots")) ring(chart);
      else follow(chart, costs);
    }
    for (const key of experiment.querySelectorAll(".key")) {
      const button = document.createElement("button");
      button.type = "button";
      button.className = "light";
      button.dataset.arm = key.closest("[data-arm]").dataset.arm;
      button.setAttribute("aria-pressed", "false");
      key.replaceWith(button);
      button.append(key);
      button.addEventListener("click", () => light(experiment, button.dataset.arm, button.getAttribute("aria-pressed") === "false"));
    }
    const unit = experiment.querySelector(".unit");
    const name = () => { unit.textContent = axis.selectedOptions[0].textContent; };
    axis.addEventListener("change", name);
    name();
  }
  document.getElementById("controls").hidden = false;
})();
