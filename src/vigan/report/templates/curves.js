// Curves: one switch for the time axis, values read at a time, an arm lit wherever it is drawn.
// The numbers are those of the tables below each chart and of "What an iteration counts".
(() => {
  const SVG = "http://www.w3.org/2000/svg";
  const axis = document.getElementById("axis");
  const short = (number) => Number(number.toPrecision(4)).toLocaleString("en");
  const numbers = (text) => text.trim().split(/[\s,]+/).map(Number);

  function ticks(longest, most) {
    const power = 10 ** Math.floor(Math.log10(longest / most));
    const step = [1, 2, 5, 10].map((factor) => factor * power).find((size) => size >= (longest / most) * (1 - 1e-9));
    return Array.from({ length: Math.floor(longest / step + 1e-9) + 1 }, (_, place) => place * step);
  }

  function costsOf(experiment) {
    const rows = [...experiment.querySelectorAll(".cost")];
    const read = (row) => [...row.querySelectorAll("td")].map((td) => [td.dataset.unit, Number.parseFloat(td.textContent)]);
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

  function valuesOf(chart) {
    const table = chart.querySelector("table");
    const steps = [...table.tHead.rows[0].cells].slice(1).map((cell) => Number(cell.textContent.replaceAll(",", "")));
    const row = ({ dataset, cells }) => [dataset.arm, steps.map((step, at) => [step, cells[at + 1].textContent.trim()])];
    return new Map([...table.tBodies[0].rows].map(row));
  }

  function follow(chart, experiment, costs) {
    const [from, to] = [Number(chart.dataset.from), Number(chart.dataset.to)];
    const [reading, at] = [chart.querySelector(".reading"), chart.querySelector(".at")];
    const output = reading.querySelector("output");
    let lines, values, unit, times, longest;
    const cost = (arm) => costs.get(arm)?.get(unit);
    const place = (time) => (from + ((to - from) * time) / longest).toFixed(1);

    function draw() {
      lines ??= linesOf(chart);
      values ??= valuesOf(chart);
      unit = axis.value;
      const known = lines.filter(({ arm }) => cost(arm) > 0);
      times = [...new Set(known.flatMap(({ arm, steps }) => steps.map((step) => step * cost(arm))))].sort((a, b) => a - b);
      longest = times.at(-1) || 1;
      for (const { arm, steps, line, points, band, high, edge } of lines) {
        const xs = steps.map((step) => place(step * cost(arm)));
        line.classList.toggle("out", !(cost(arm) > 0));
        if (!(cost(arm) > 0)) continue;
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
      at.max = times.length - 1;
      at.value = at.max;
      read();
    }

    function read() {
      const time = times[at.value] ?? 0;
      const found = [...values].filter(([arm]) => cost(arm) > 0).map(([arm, row]) => {
        const [, text] = row.findLast(([step]) => step * cost(arm) <= time * (1 + 1e-9)) ?? [0, "–"];
        return { arm, text, number: Number.parseFloat(text.replace("−", "-")) };
      });
      const sign = chart.dataset.better.startsWith("higher") ? -1 : 1;
      found.sort((a, b) => Number.isNaN(a.number) - Number.isNaN(b.number) || sign * (a.number - b.number));
      const list = document.createElement("ol");
      for (const { arm, text } of found) {
        const item = list.appendChild(document.createElement("li"));
        item.textContent = `${arm}: ${text}`;
        item.dataset.arm = arm;
      }
      const words = axis.selectedOptions[0].textContent;
      const order = { h: "highest first", l: "lowest first" }[chart.dataset.better[0]] ?? "lowest first";
      output.replaceChildren(`At ${short(time)} ${words}, the last values up to there, ${order}:`, list);
      at.setAttribute("aria-valuetext", `${short(time)} ${words}`);
      for (const cursor of chart.querySelectorAll(".cursor")) {
        cursor.setAttribute("d", `M${place(time)} 8V${cursor.ownerSVGElement.viewBox.baseVal.height - 24}`);
      }
    }

    chart.addEventListener("pointermove", (event) => {
      const svg = event.target.closest?.("svg");
      if (!svg) return;
      const box = svg.getBoundingClientRect();
      const x = ((event.clientX - box.left) / box.width) * svg.viewBox.baseVal.width;
      const time = ((x - from) / (to - from)) * longest;
      at.value = times.reduce((best, known, index) => (Math.abs(known - time) < Math.abs(times[best] - time) ? index : best), 0);
      read();
    });
    at.addEventListener("input", read);
    chart.addEventListener("toggle", () => chart.open && unit !== axis.value && draw());
    axis.addEventListener("change", () => chart.open && draw());
    reading.hidden = false;
    if (chart.open) draw();
  }

  function light(experiment, arm, on) {
    for (const line of experiment.querySelectorAll(".line")) if (line.dataset.arm === arm) line.classList.toggle("lit", on);
    experiment.classList.toggle("dim", Boolean(experiment.querySelector(".lit")));
  }

  for (const experiment of document.querySelectorAll(".curves")) {
    const costs = costsOf(experiment);
    for (const chart of experiment.querySelectorAll(".metric")) follow(chart, experiment, costs);
    for (const key of experiment.querySelectorAll(".legend .key")) {
      const button = document.createElement("button");
      const arm = key.parentNode.dataset.arm;
      button.type = "button";
      button.setAttribute("aria-pressed", "false");
      key.replaceWith(button);
      button.append(key);
      button.addEventListener("click", () => {
        const on = button.getAttribute("aria-pressed") === "false";
        button.setAttribute("aria-pressed", String(on));
        light(experiment, arm, on);
      });
    }
    const unit = experiment.querySelector(".unit");
    const tell = () => { unit.textContent = axis.selectedOptions[0].textContent; };
    axis.addEventListener("change", tell);
    tell();
  }
  document.getElementById("controls").hidden = false;
})();
