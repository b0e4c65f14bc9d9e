// What the page remembers of its reader: in the address, and in the browser.

/** The incident that an address names. */
export function incidentOf(hash: string): string {
  const name = decodeURIComponent(hash.slice(1));
  return name.startsWith("incidents/") ? name : "";
}

export function stored(key: string): string | null {
  try {
    return localStorage.getItem(`polder-${key}`);
  } catch {
    return null;
  }
}

export function store(key: string, value: string): void {
  try {
    localStorage.setItem(`polder-${key}`, value);
  } catch {
    // A browser that keeps nothing asks again next time.
  }
}
