// Makes the app one that can be installed, and that says so itself when the server is not running.
navigator.serviceWorker?.register("/service-worker.js").catch(() => {}); // not in a private window, say
