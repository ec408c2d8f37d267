// The filter: only arms whose names hold all that is typed are shown, wherever the page names them.
(() => {
  const filter = document.getElementById("filter");
  const kept = document.getElementById("kept");
  const NAMED = "tr[data-arm], figure[data-arm], li[data-arm], .charts:not(.many) .line";
  filter.addEventListener("input", () => {
    const words = filter.value.toLowerCase().split(/\s+/).filter(Boolean);
    const arms = new Set();
    for (const element of document.querySelectorAll(NAMED)) {
      const fits = words.every((word) => element.dataset.arm.toLowerCase().includes(word));
      element.classList.toggle("out", !fits);
      if (fits && element.classList.contains("cost")) arms.add(element.dataset.arm);
    }
    kept.textContent = words.length ? `${arms.size} arm${arms.size === 1 ? "" : "s"} shown` : "";
  });
})();
