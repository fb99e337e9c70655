// The grid: the order applies as soon as it is chosen; on a phone the filters start closed.
import "./api.js";

for (const select of document.querySelectorAll("[data-submit]")) {
  select.addEventListener("change", () => select.form.requestSubmit());
}
const form = document.querySelector("form.find");
form.addEventListener("formdata", (event) => {
  // An address without what is empty or usual is one that can be read.
  for (const [name, value] of [...event.formData]) {
    if (!value || (name === "sort" && value === "-added")) event.formData.delete(name);
  }
});
const wide = matchMedia("(min-width: 900px)");
const filters = document.querySelector("details.filters");
const fit = () => (filters.open = wide.matches);
fit();
wide.addEventListener("change", fit);
