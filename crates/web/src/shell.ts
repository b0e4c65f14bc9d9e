// The element that holds the page: drawn into the document itself, so that labels reach across.
import { LitElement } from "lit";

/** What draws the page, and what is done after. */
export interface Drawer {
  template(): unknown;
  drawn(): void;
}

export class Shell extends LitElement {
  drawer: Drawer | undefined;

  protected override createRenderRoot(): HTMLElement {
    return this;
  }

  protected override render(): unknown {
    return this.drawer?.template();
  }

  protected override updated(): void {
    this.drawer?.drawn();
  }
}

customElements.define("polder-page", Shell);
