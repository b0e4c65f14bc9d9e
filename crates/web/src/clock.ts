// The clock of the node: ages and what is stale go by it, for ours may be wrong.

export class NodeClock {
  private nodeMs = 0;
  private at = 0;

  /** As it was last told, and running on since; ours until then. */
  now(): number {
    return this.nodeMs ? this.nodeMs + Date.now() - this.at : Date.now();
  }

  /** The node told its time, which need not be ours. */
  told(nodeMs: number): void {
    if (!nodeMs) return;
    this.nodeMs = nodeMs;
    this.at = Date.now();
  }

  /** The node sent something of this moment, so it is not earlier than that there. */
  reached(nodeMs: number): void {
    if (!this.nodeMs || nodeMs > this.now()) this.told(nodeMs);
  }
}
