// One call of the HTTP API, and the line at the bottom that says how it went.
const token = document.querySelector('meta[name="csrf-token"]').content;

export class Refused extends Error {
  constructor(status, line) {
    super(line);
    this.status = status;
  }
}

/**
 * Call the API, with JSON or a form: the answer's JSON (null where there is none), or, for a picture, itself and its
 * headers; or a `Refused` with the server's own line.
 */
export async function call(method, path, { json, form, version } = {}) {
  const headers = { "X-CSRF-Token": token };
  if (json !== undefined) headers["Content-Type"] = "application/json";
  if (version) headers["If-Match"] = `"${version}"`;
  let answer;
  try {
    answer = await fetch(`/api/v1${path}`, { method, headers, body: form ?? (json === undefined ? undefined : JSON.stringify(json)) });
  } catch {
    throw new Refused(0, "the server does not answer; is it still running?");
  }
  if (answer.ok && answer.headers.get("Content-Type")?.startsWith("image/")) {
    return { picture: await answer.blob(), headers: answer.headers };
  }
  const text = await answer.text();
  const body = text ? JSON.parse(text) : null;
  if (!answer.ok) throw new Refused(answer.status, body?.detail ?? answer.statusText);
  return body;
}

/** Send a file to the API, with other fields beside it, telling `progress` (0..1) on the way. */
export function send(path, field, file, progress, fields = {}) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    const form = new FormData();
    for (const [name, value] of Object.entries(fields)) form.append(name, value);
    form.append(field, file, file.name || "photo");
    request.open("POST", `/api/v1${path}`);
    request.setRequestHeader("X-CSRF-Token", token);
    request.responseType = "json";
    request.upload.onprogress = (event) => event.lengthComputable && progress(event.loaded / event.total);
    request.onload = () =>
      request.status < 300
        ? resolve(request.response)
        : reject(new Refused(request.status, request.response?.detail ?? "it was refused"));
    request.onerror = () => reject(new Refused(0, "it was cut off; is the server still running?"));
    request.send(form);
  });
}

let hiding;
/** Say something for a few seconds; with `later`, on the page that is opened next. */
export function say(line, { later = false } = {}) {
  if (later) {
    sessionStorage.setItem("said", line);
    return;
  }
  const toast = document.getElementById("toast");
  toast.textContent = line;
  toast.classList.add("shown");
  clearTimeout(hiding);
  hiding = setTimeout(() => toast.classList.remove("shown"), 5000);
}

/** Run something a click asked for; what goes wrong is said, and the button waits meanwhile. */
export async function doing(button, work) {
  const focused = document.activeElement === button;
  button.disabled = true;
  try {
    return await work();
  } catch (error) {
    say(error.message);
    return undefined;
  } finally {
    button.disabled = false;
    // A button that waits loses the focus; who uses the keyboard is to find it where it was.
    if (focused && document.activeElement === document.body) button.focus();
  }
}

const said = sessionStorage.getItem("said");
if (said) {
  sessionStorage.removeItem("said");
  say(said);
}

for (const button of document.querySelectorAll("[data-undo]")) {
  button.addEventListener("click", () =>
    doing(button, async () => {
      const { undone } = await call("POST", "/undo");
      say(undone ? `Taken back: ${undone.verb}` : "There is nothing to take back", { later: true });
      location.reload();
    }),
  );
}
