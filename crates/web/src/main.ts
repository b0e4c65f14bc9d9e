// Starts the page.
import "ol/ol.css";
import "./style.css";
import { App } from "./app.ts";

// Opens the page also while the node is away; without it, it only opens while the node is there.
void navigator.serviceWorker?.register("/sw.js").catch(() => undefined);

const root = document.getElementById("app");
if (root) void new App(root).start();
