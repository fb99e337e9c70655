// The camera: asked for, listed, and what it means when there is none.

/** The camera's stream; `device` is one of `listCameras`, empty for the usual one. */
export function openCamera(device) {
  if (!navigator.mediaDevices?.getUserMedia) throw new DOMException("", isSecureContext ? "NotSupportedError" : "SecurityError");
  const choice = device ? { deviceId: { exact: device } } : { facingMode: "user" };
  return navigator.mediaDevices.getUserMedia({ video: { ...choice, width: { ideal: 640 }, height: { ideal: 480 }, frameRate: { ideal: 30 } } });
}

/** The cameras there are; their names are told only after one was allowed. */
export async function listCameras() {
  const devices = (await navigator.mediaDevices?.enumerateDevices()) ?? [];
  return devices.filter(({ kind, deviceId }) => kind === "videoinput" && deviceId);
}

const REASONS = {
  NotAllowedError: "The camera was refused. Allow it for this page (the sign beside the address), and start it again.",
  NotFoundError: "There is no camera here. Plug one in, and start it again; photos can be added without one.",
  OverconstrainedError: "This camera is not there any more. Choose another one below.",
  NotReadableError: "The camera cannot be used: another program may have it. Close that program, and start it again.",
  SecurityError: "Browsers lend a camera to safe addresses only: open this page as http://localhost, or over https.",
  NotSupportedError: "This browser knows no cameras; a current one will do.",
};

/** One line: what is wrong with the camera, and what to do. */
export function explain(error) {
  return REASONS[error.name] ?? `The camera does not start (${error.message || error.name}). Try another one, or another browser.`;
}
