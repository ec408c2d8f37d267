// The filter: only arms whose names hold all that is typed are shown, wherever the page names them. The heading in
// sight stays where it is.
(() => {
  const filter = document.getElementById("filter");
  const kept = document.getElementById("kept");
  const NAMED = "tr[data-arm], figure[data-arm], li[data-arm], .charts:not(.many) .line";
  const heads = [...document.querySelectorAll("h2, h3")];
  const top = (head) => head.getBoundingClientRect().top;
  filter.addEventListener("input", () => {
    const held = heads.find((head) => top(head) > 80) ?? heads[0];
    const before = top(held);
    const words = filter.value.toLowerCase().split(/\s+/).filter(Boolean);
    const arms = new Set();
    for (const element of document.querySelectorAll(NAMED)) {
      const fits = words.every((word) => element.dataset.arm.toLowerCase().includes(word));
      element.classList.toggle("out", !fits);
      if (fits && element.matches(".cost")) arms.add(element.dataset.arm);
    }
    scrollBy(0, top(held) - before);
    kept.textContent = words.length ? `Arms shown: ${arms.size}` : "";
  });
})();
