// Folds: what a link leads to is opened; on paper all is open, but for long tables.
(() => {
  function open(place) {
    for (let at = place; at; at = at.parentElement) if (at.localName === "details") at.open = true;
  }
  const target = () => location.hash.length > 1 && document.getElementById(decodeURIComponent(location.hash.slice(1)));
  addEventListener("hashchange", () => {
    const place = target();
    if (!place) return;
    open(place);
    place.scrollIntoView();
  });
  if (target()) open(target());

  const closed = () => document.querySelectorAll("details:not([open])");
  let opened = [];
  addEventListener("beforeprint", () => {
    opened = [...closed()];
    for (const details of opened) details.open = true;
  });
  addEventListener("afterprint", () => {
    for (const details of opened) details.open = false;
  });
})();
