// Starts the page.
import "ol/ol.css";
import "./look/base.css";
import "./look/frame.css";
import "./look/map.css";
import "./look/words.css";
import "./look/screens.css";
import "./look/desk.css";
import "./look/office.css";
import "./look/team.css";
import "./look/public.css";
import "./look/narrow.css";
import "./look/print.css";
import { App } from "./app.ts";

/** After the page began. */
const KEPT_MS = 4_000;

// Opens the page also while the node is away; without it, it only opens while the node is there. It
// fetches every file once more to keep it: the first picture does not wait for that.
setTimeout(() => void navigator.serviceWorker?.register("/sw.js").catch(() => undefined), KEPT_MS);

const root = document.getElementById("app");
if (root) void new App(root).start();
