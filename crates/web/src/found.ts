// Something that is found from other things, and anew only when one of those is another.
export class Found<T> {
  private key: readonly unknown[] | undefined;
  private value: T | undefined;

  of(key: readonly unknown[], find: () => T): T {
    const before = this.key;
    if (!before || key.length !== before.length || key.some((part, at) => part !== before[at])) {
      this.value = find();
      this.key = key;
    }
    return this.value as T;
  }
}
