// One slider moves every arm's picture; the pictures of a seed are read when it is first shown.
(() => {
  const player = document.getElementById("player");
  const [slider, seed, play] = ["position", "seed", "play"].map((id) => document.getElementById(id));
  const last = Number(slider.max);
  const experiments = [...document.querySelectorAll(".slider-experiment")].map((experiment) => ({
    step: experiment.querySelector(".step"),
    arms: [...experiment.querySelectorAll(".slider-arm")],
  }));
  const blocks = new Map();
  for (const block of document.querySelectorAll("script.frames")) {
    blocks.set(`${block.dataset.experiment}/${block.dataset.seed}`, block);
  }
  const read = new Map();

  // Of the seed that is chosen or, where an experiment has no pictures of it, of its first.
  function framesOf(experiment) {
    const chosen = `${experiment}/${seed.value}`;
    const key = blocks.has(chosen) ? chosen : [...blocks.keys()].find((name) => name.startsWith(`${experiment}/`));
    if (!key) return [null];
    if (!read.has(key)) read.set(key, JSON.parse(blocks.get(key).textContent));
    return [read.get(key), key.split("/")[1]];
  }

  function put(arm, picture, why, alt) {
    const [image, missing] = [arm.querySelector("img"), arm.querySelector(".missing")];
    image.hidden = !picture;
    missing.hidden = Boolean(picture);
    if (picture) image.src = picture;
    image.alt = alt;
    missing.textContent = why;
  }

  function show() {
    const position = Number(slider.value);
    experiments.forEach((experiment, index) => {
      const [frames, shown] = framesOf(index);
      if (!frames) {
        experiment.step.textContent = `no pictures of seed ${seed.value} here`;
        experiment.arms.forEach((arm) => put(arm, "", `seed ${seed.value} is not on this page`, ""));
        return;
      }
      const at = last ? Math.round((position * (frames.steps.length - 1)) / last) : 0;
      const other = shown === seed.value ? "" : `seed ${shown}, `;
      const step = `${other}iteration ${frames.steps[at].toLocaleString("en")}`;
      experiment.step.textContent = step;
      experiment.arms.forEach((arm, place) => {
        const { name, pictures, missing } = frames.arms[place];
        put(arm, pictures[at], missing[at], `Samples of arm ${name}, ${other ? "" : `seed ${shown}, `}${step}`);
      });
    });
    slider.setAttribute("aria-valuetext", experiments.map((experiment) => experiment.step.textContent).join("; "));
  }

  let timer = 0;
  function stop() {
    clearInterval(timer);
    timer = 0;
    play.textContent = "▶ Play";
    play.setAttribute("aria-pressed", "false");
  }

  function advance() {
    if (Number(slider.value) >= last) return stop();
    slider.stepUp();
    return show();
  }

  play.addEventListener("click", () => {
    if (timer) return stop();
    if (Number(slider.value) >= last) slider.value = "0";
    show();
    timer = setInterval(advance, 220);
    play.textContent = "❚❚ Pause";
    return play.setAttribute("aria-pressed", "true");
  });
  slider.addEventListener("input", () => {
    if (timer) stop();
    show();
  });
  seed.addEventListener("change", show);
  player.hidden = experiments.length === 0;
})();
