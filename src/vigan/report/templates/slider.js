// One slider moves every arm's picture; the pictures of a seed are read when it is first shown.
(() => {
  const player = document.getElementById("player");
  const [slider, seed, play] = ["position", "seed", "play"].map((id) => document.getElementById(id));
  const last = Number(slider.max);
  const scenes = [...document.querySelectorAll(".scene")].map((scene) => ({
    step: scene.querySelector(".step"),
    stills: [...scene.querySelectorAll(".still")],
  }));
  const blocks = new Map();
  for (const block of document.querySelectorAll("script.frames")) {
    blocks.set(`${block.dataset.scene}/${block.dataset.seed}`, block);
  }
  const read = new Map();

  function reels(scene) {
    const key = `${scene}/${seed.value}`;
    if (!read.has(key)) read.set(key, blocks.has(key) ? JSON.parse(blocks.get(key).textContent) : null);
    return read.get(key);
  }

  function put(still, picture, why, told) {
    const [image, missing] = [still.querySelector("img"), still.querySelector(".missing")];
    image.hidden = !picture;
    missing.hidden = Boolean(picture);
    if (picture) image.src = picture;
    image.alt = told;
    missing.textContent = why;
  }

  function show() {
    const position = Number(slider.value);
    scenes.forEach((scene, index) => {
      const reel = reels(index);
      if (!reel) {
        scene.step.textContent = `no pictures of seed ${seed.value} here`;
        scene.stills.forEach((still) => put(still, "", `seed ${seed.value} is not on this page`, ""));
        return;
      }
      const at = last ? Math.round((position * (reel.steps.length - 1)) / last) : 0;
      const step = `iteration ${reel.steps[at].toLocaleString("en")}`;
      scene.step.textContent = step;
      scene.stills.forEach((still, arm) => {
        const { name, pictures, missing } = reel.arms[arm];
        put(still, pictures[at], missing[at], `Samples of arm ${name}, seed ${seed.value}, ${step}`);
      });
    });
    slider.setAttribute("aria-valuetext", scenes.map((scene) => scene.step.textContent).join("; "));
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
  player.hidden = scenes.length === 0;
})();
