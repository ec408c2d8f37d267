"use strict";
// What differs between any two arms, from the table of every setting.
(() => {
  const [one, other] = ["one", "other"].map((id) => document.getElementById(id));
  const output = document.querySelector("#compare output");
  const table = document.querySelector("#settings table");
  const rows = table.tBodies[0].rows;
  const names = [...table.tHead.rows[0].cells].map((cell) => cell.textContent.trim());
  const settings = new Map([...rows].map((row) => [row.dataset.arm, [...row.cells].map((cell) => cell.textContent.trim())]));

  function tell() {
    const [first, second] = [settings.get(one.value), settings.get(other.value)];
    const lines = names.map((name, at) => [name, first[at], second[at]]).filter(([, a, b]) => a !== b);
    const grid = document.createElement("table");
    lines.forEach((line, at) => {
      const row = grid.insertRow();
      line.forEach((text, place) => {
        row.append(document.createElement(at && place ? "td" : "th"));
        row.lastChild.textContent = text;
      });
    });
    output.replaceChildren(...(lines.length > 1 ? [grid] : ["Nothing that is known here."]));
  }

  for (const select of [one, other]) {
    for (const arm of settings.keys()) select.add(new Option(arm));
    select.addEventListener("change", tell);
  }
  if (settings.size < 2) return;
  other.selectedIndex = 1;
  tell();
  document.getElementById("compare").hidden = false;
})();
