// The ground that cut-outs lie on: one of a few, or a colour of one's own.
export function onGround(pictures) {
  const stages = pictures.querySelectorAll(".stage");
  const radios = document.querySelectorAll('input[name="ground"]');
  for (const radio of radios) {
    radio.addEventListener("change", () => {
      for (const other of radios) pictures.classList.toggle(`on-${other.value}`, other === radio);
      for (const stage of stages) stage.style.background = "";
    });
  }
  document.getElementById("ground-own").addEventListener("input", (event) => {
    for (const radio of radios) radio.checked = false;
    for (const stage of stages) stage.style.background = event.target.value;
  });
}
