// What stands at the head of each sheet of paper, and its number at the foot: in the margins of the
// page, where nothing of the text can lie under it. Browsers that have no such margins print it once.

const FONT = "8.5pt system-ui, sans-serif";

/** As a string of a style sheet, whatever is in it. */
export function quoted(text: string): string {
  return `"${text.replace(/\s+/g, " ").replace(/[^\p{L}\p{N} .,:;·–()-]/gu, (sign) => `\\${sign.codePointAt(0)!.toString(16)} `)}"`;
}

export function pageRule(head: string): string {
  return `@page { @top-left { content: ${quoted(head)}; width: 100%; font: ${FONT}; vertical-align: bottom; padding-bottom: 2mm; }
    @bottom-right { content: counter(page) " / " counter(pages); font: ${FONT}; } }`;
}

export class Paper {
  private head = "";
  private readonly sheet = new CSSStyleSheet();

  constructor() {
    document.adoptedStyleSheets = [...document.adoptedStyleSheets, this.sheet];
  }

  say(head: string): void {
    if (head === this.head) return;
    this.head = head;
    this.sheet.replaceSync(pageRule(head));
    const boxed = (this.sheet.cssRules[0] as CSSRule | undefined)?.cssText.includes("@top-left") ?? false;
    document.documentElement.classList.toggle("boxed", boxed);
  }
}
