// The clinic: recorded runs, whose trouble and whose confirming probe the reader names.
gancourse.clinic = (() => {
  const TROUBLES = {
    healthy: "healthy",
    dropping: "mode dropping",
    collapse: "mode collapse",
    oscillation: "oscillation",
    "D has won": "D has won",
    saturation: "saturation",
    divergence: "divergence",
    memorising: "D learns by heart",
  };
  const PROBES = {
    deserted: "real points with no sample near",
    spread: "how far two samples lie apart",
    hop: "where the same noise leads, at two moments",
    slope: "the slope of G's loss at a sample",
    "largest score": "how large the scores are",
    above: "scores of data that D has not seen",
  };
  const MOMENTS = ["1/8", "1/4", "1/2", "3/4", "7/8", "the end"];
  // A number at an axis, where five letters have room.
  function brief(v) {
    const size = Math.abs(v);
    const text = size < 100 ? String(+v.toFixed(1)) : size < 1000 ? v.toFixed(0) : `${(v / 1000).toFixed(1)}k`;
    return text.replace("-", "−");
  }
  // What a probe shows of a patient, in words.
  function shows(probe, numbers) {
    const short = (v) => v === null ? "not finite" : String(+(+v).toPrecision(2)).replace("-", "−");
    return {
      deserted: `${short(numbers.modes)} modes have samples; ${
        short(100 * numbers.near)
      } % of all samples are near one`,
      spread: `two samples lie ${short(numbers.spread)} apart, in the middle; two real points about 1.4`,
      hop: `between moments the centre of the samples moves by ${short(numbers.hop)}`,
      slope: `a sample is pulled with a slope of ${short(numbers.slope)}; D is right in ${
        short(100 * numbers.accuracy)
      } % of all cases`,
      "largest score": `scores go up to ${short(numbers["largest score"])}`,
      above: `D puts data from its training above other data in ${short(100 * numbers.above)} % of all pairs`,
    }[probe];
  }
  // A tally of answers: {trouble, probe} each, beside what is right and what the package has found.
  function tally(answers, patients, probes) {
    const count = (hit) => answers.filter((answer, i) => answer && hit(answer, patients[i])).length;
    return {
      of: count(() => true),
      trouble: count((answer, patient) => answer.trouble == patient.trouble),
      probe: count((answer, patient) => probes[patient.trouble].includes(answer.probe)),
      package: count((answer, patient) => patient.found == patient.trouble),
    };
  }

  function mount(root, { patients, probes }) {
    const { element, button, slider, menu, readout, sentence, Canvas, Panel } = gancourse.page;
    const answers = patients.map(() => null);
    let at = 0;
    const card = element(root, "p", "note");
    const sides = element(root, "div", "sides");
    const left = element(sides, "div", "picture"), right = element(sides, "div");
    const last = patients.length ? patients[0].every * patients[0].d_loss.length : 1;
    const curves = new Panel(left, {
      title: `losses: <span class="real">D</span>, <span class="fake">G</span>`,
      says: "both losses over the steps of the run",
      height: 190,
      x: [0, last],
      xTicks: [0, last],
      right: 22,
    });
    curves.left = 44; // "−1.5k" is the longest of its labels
    const canvas = new Canvas(element(right, "div"), { says: "real points and samples", x: [-1.7, 1.7] });
    canvas.node.style.maxWidth = "300px";
    const moment = slider(right, { label: "moment (1 to 6)", min: 1, max: 6, step: 1, value: 6 }, () => draw());
    const asks = element(left, "div", "row");
    const trouble = menu(asks, { label: "what ails it?", options: TROUBLES, value: "healthy" }, () => {});
    const probe = menu(asks, { label: "which probe would confirm it?", options: PROBES, value: "deserted" }, () => {});
    const bar = element(left, "div", "buttons");
    const answer = button(bar, "Answer", () => {
      answers[at] = { trouble: trouble.get(), probe: probe.get() };
      draw();
    }, "play");
    const step = (by) => () => {
      at = (at + by + patients.length) % patients.length;
      moment.set(6);
      draw();
    };
    button(bar, "Back", step(-1));
    button(bar, "Next patient", step(1));
    const write = readout(root, { you: "you: trouble", probe: "you: probe", package: "diagnose()" });
    const says = sentence(root);

    function draw() {
      const patient = patients[at], given = answers[at], steps = patient.d_loss.length;
      card.innerHTML = `Patient ${at + 1} of ${patients.length}. <code>${
        patient.game.replaceAll("<", "&lt;")
      }</code>, data: ${patient.few ? "32 points, again and again" : "fresh points without end"}.`;
      const all = [...patient.d_loss, ...patient.g_loss].filter((v) => v !== null && isFinite(v));
      const low = Math.min(0, ...all), high = Math.max(1.5, ...all), gap = 0.05 * (high - low);
      curves.x = [0, patient.every * steps];
      curves.xTicks = curves.x;
      curves.frame(low - gap, high + gap);
      const xs = Array.from({ length: steps }, (_, k) => k * patient.every), clean = (v) => v ?? high;
      curves.draw(
        curves.label(high, brief(high)),
        curves.label(0, 0),
        curves.level(0, "dashed"),
        ...low < -0.2 * high ? [curves.label(low, brief(low))] : [],
        curves.curve(xs, patient.d_loss.map(clean), "real"),
        curves.curve(xs, patient.g_loss.map(clean), "fake"),
      );
      canvas.begin();
      const place = (list) => list.map((v) => Math.max(-1.68, Math.min(1.68, v / 100)));
      canvas.dots(place(patient.real), canvas.real, 2);
      canvas.dots(place(patient.samples[moment.get() - 1]), canvas.fake, 2.6);
      answer.disabled = Boolean(given);
      answer.style.opacity = given ? 0.5 : 1;
      const { of, trouble: right, probe: probed, package: found } = tally(answers, patients, probes);
      write({ you: `${right} of ${of}`, probe: `${probed} of ${of}`, package: `${found} of ${of}` });
      says(
        given
          ? verdict(patient, given)
          : `Samples at ${MOMENTS[moment.get() - 1]} of the run. Move through the moments, then answer.`,
      );
    }
    function verdict(patient, given) {
      const hit = given.trouble == patient.trouble, chosen = probes[patient.trouble].includes(given.probe);
      const by = patient.found == patient.trouble
        ? "finds it, too"
        : `says: ${TROUBLES[patient.found] ?? patient.found}`;
      const evidence = patient.evidence.replace(/^[^:]*: /, "").replace(/ Try: .*$/, "");
      return `<b>${hit ? "Right" : "It is something else"}: ${TROUBLES[patient.trouble]}.</b> ${
        chosen ? "The probe tells" : `Your probe: ${shows(given.probe, patient.numbers)}. The one that tells`
      }: ${shows(probes[patient.trouble][0], patient.numbers)}. <code>diagnose()</code> ${by}${
        evidence ? ` (${evidence.replace(/\.$/, "")})` : ""
      }.`;
    }
    draw();
    return draw;
  }
  return { numbers: { tally, shows }, mount };
})();
