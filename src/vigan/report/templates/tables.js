// Tables: a click on a heading sorts, a button saves what is shown as CSV.
(() => {
  const words = new Intl.Collator("en", { numeric: true });
  const textOf = (row, column) => row.cells[column].textContent.trim();
  const number = (text) => Number.parseFloat(text.replace(/^([▲▼≈=]|median) /, "").replaceAll("−", "-").replaceAll(",", ""));

  function compare(a, b) {
    const [x, y] = [number(a), number(b)];
    if (!Number.isNaN(x) && !Number.isNaN(y)) return x - y;
    return words.compare(a, b);
  }

  function sort(table, heading) {
    const up = heading.getAttribute("aria-sort") !== "ascending";
    for (const other of heading.parentNode.cells) other.removeAttribute("aria-sort");
    heading.setAttribute("aria-sort", up ? "ascending" : "descending");
    const empty = (row) => ["", "–"].includes(textOf(row, heading.cellIndex));
    const order = (a, b) => compare(textOf(a, heading.cellIndex), textOf(b, heading.cellIndex));
    for (const body of table.tBodies) {
      const rows = [...body.rows].filter((row) => !row.classList.contains("heading"));
      body.append(...rows.sort((a, b) => empty(a) - empty(b) || (up ? order(a, b) : order(b, a))));
    }
  }

  function quoted(text) {
    const harmless = /^[=@\t]/.test(text) ? `'${text}` : text;
    return /[",\n]/.test(harmless) ? `"${harmless.replaceAll('"', '""')}"` : harmless;
  }

  function save(table, name) {
    const heads = [...table.rows].map((row) => [...row.cells].map((cell) => quoted(cell.textContent.trim())).join(","));
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([`${heads.join("\n")}\n`], { type: "text/csv" }));
    link.download = name;
    link.click();
    URL.revokeObjectURL(link.href);
  }

  for (const figure of document.querySelectorAll("figure.table")) {
    const table = figure.querySelector("table");
    for (const heading of table.tHead.rows[0].cells) {
      const button = document.createElement("button");
      button.type = "button";
      button.append(...heading.childNodes);
      button.addEventListener("click", () => sort(table, heading));
      heading.append(button);
    }
    const tools = figure.querySelector(".tools");
    const file = tools.querySelector("a")?.getAttribute("href").split("/").pop() ?? "table.csv";
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = "CSV";
    button.setAttribute("aria-label", `CSV: ${figure.querySelector("[role=region]").ariaLabel}`);
    button.addEventListener("click", () => save(table, file));
    tools.append(button);
  }
})();
