// Photos: made small in the browser, without what the camera wrote into them, and sent in pieces
// that go on where they ended.
import { attachments, CALL_MS } from "./api.ts";
import { passes } from "./wire.ts";

export interface Photo {
  name: string;
  mediaType: string;
  bytes: Uint8Array;
  /** For the page to show. */
  url: string;
  sent: number;
  problem: string;
}

const EDGE_MAX = 1_600;
const PIECE = 256 * 1024;
const PAUSE_MS = 2_000;
const PHOTOS_MAX = 8;
/** What a node takes at most. */
const BYTES_MAX = 64 << 20;

/** Drawn anew at a size that a slow line carries: position, camera and time are gone then. */
async function reduce(file: Blob, keep: boolean): Promise<Photo> {
  let small = file;
  if (!keep) {
    const bitmap = await createImageBitmap(file);
    const scale = Math.min(1, EDGE_MAX / Math.max(bitmap.width, bitmap.height));
    const canvas = document.createElement("canvas");
    canvas.width = Math.max(1, Math.round(bitmap.width * scale));
    canvas.height = Math.max(1, Math.round(bitmap.height * scale));
    const context = canvas.getContext("2d");
    if (!context) throw new Error("no canvas");
    context.fillStyle = "#ffffff";
    context.fillRect(0, 0, canvas.width, canvas.height);
    context.drawImage(bitmap, 0, 0, canvas.width, canvas.height);
    bitmap.close();
    small = await new Promise<Blob>((done, failed) => canvas.toBlob((blob) => (blob ? done(blob) : failed(new Error("no picture"))), "image/jpeg", 0.82));
  }
  if (small.size > BYTES_MAX || small.size === 0) throw new Error("too large");
  const bytes = new Uint8Array(await small.arrayBuffer());
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
  const name = `attachments/${[...digest].map((byte) => byte.toString(16).padStart(2, "0")).join("")}`;
  return { name, mediaType: small.type, bytes, url: URL.createObjectURL(small), sent: 0, problem: "" };
}

/** Sends until it is there or refused; after a lost line the node tells where to go on. */
async function send(photo: Photo, told: () => void, wanted: () => boolean): Promise<void> {
  const { name, mediaType, bytes } = photo;
  while (wanted()) {
    try {
      const started = await attachments.startUpload({ attachment: { name, mediaType, sizeBytes: BigInt(bytes.length) } }, { timeoutMs: CALL_MS });
      photo.sent = Number(started.offset);
      while (photo.sent < bytes.length && wanted()) {
        const data = bytes.slice(photo.sent, photo.sent + PIECE);
        const { offset } = await attachments.uploadChunk({ name, offset: BigInt(photo.sent), data }, { timeoutMs: CALL_MS });
        photo.sent = Number(offset);
        told();
      }
      told();
      return;
    } catch (error) {
      if (!passes(error)) {
        photo.problem = error instanceof Error ? error.message : String(error);
        told();
        return;
      }
      await new Promise((done) => setTimeout(done, PAUSE_MS));
    }
  }
}

/** Photos that go with what is being written. */
export class Tray {
  photos: Photo[] = [];
  /** Keep what the camera wrote, the place among it. */
  keepOriginal = false;
  /** The last one could not be read. */
  unread = false;
  private readonly told: () => void;

  constructor(told: () => void) {
    this.told = told;
  }

  /** All are at the node. */
  get ready(): boolean {
    return this.photos.every((photo) => photo.sent === photo.bytes.length && !photo.problem);
  }

  keep(on: boolean): void {
    this.keepOriginal = on;
    this.told();
  }

  async attach(files: Iterable<File>, already: number): Promise<void> {
    const { photos } = this;
    this.unread = false;
    for (const file of files) {
      if (photos.length + already >= PHOTOS_MAX) return;
      try {
        const photo = await reduce(file, this.keepOriginal);
        // Meanwhile somebody may have closed the form, or added the same.
        if (this.photos !== photos || photos.some((one) => one.name === photo.name)) return URL.revokeObjectURL(photo.url);
        photos.push(photo);
        void send(photo, this.told, () => this.photos === photos && photos.includes(photo));
      } catch {
        this.unread = true;
      }
      this.told();
    }
  }

  drop(photo: Photo): void {
    const at = this.photos.indexOf(photo);
    if (at >= 0) this.photos.splice(at, 1);
    URL.revokeObjectURL(photo.url);
    this.told();
  }

  clear(): void {
    for (const photo of this.photos) URL.revokeObjectURL(photo.url);
    this.photos = [];
    this.keepOriginal = this.unread = false;
    this.told();
  }
}

const SHOWN = ["image/jpeg", "image/png", "image/webp", "image/gif"];
const KEPT_MAX = 40;

/** Photos of entries as the page shows them, fetched once. */
export class Album {
  private readonly urls = new Map<string, string>();
  private readonly told: () => void;

  constructor(told: () => void) {
    this.told = told;
  }

  /** Somebody else looks now. */
  clear(): void {
    for (const url of this.urls.values()) if (url.startsWith("blob:")) URL.revokeObjectURL(url);
    this.urls.clear();
  }

  /** Empty while it is on its way, `!` when it cannot be had or is no picture. */
  url(name: string): string {
    const known = this.urls.get(name);
    if (known !== undefined) return known;
    this.urls.set(name, "");
    void this.fetch(name).then((url) => this.keep(name, url), () => this.keep(name, "!"));
    return "";
  }

  private keep(name: string, url: string): void {
    // Nobody asks for it any more.
    if (this.urls.get(name) !== "") return url.startsWith("blob:") ? URL.revokeObjectURL(url) : undefined;
    this.urls.set(name, url);
    const [oldest] = this.urls;
    if (oldest && this.urls.size > KEPT_MAX) {
      if (oldest[1].startsWith("blob:")) URL.revokeObjectURL(oldest[1]);
      this.urls.delete(oldest[0]);
    }
    this.told();
  }

  private async fetch(name: string): Promise<string> {
    const { attachment } = await attachments.getAttachment({ name }, { timeoutMs: CALL_MS });
    const type = attachment?.mediaType ?? "";
    if (!SHOWN.includes(type)) return "!";
    const parts: Uint8Array<ArrayBuffer>[] = [];
    for await (const { data } of attachments.download({ name })) parts.push(new Uint8Array(data));
    return URL.createObjectURL(new Blob(parts, { type }));
  }
}
