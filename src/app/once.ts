/** Opens a thing at its first use and remembers it, so that everybody shares it and it can be closed at the end. */

/** What was opened, or nothing yet. */
export type Once<T> = {
  /** The thing; one that could not be opened is tried again the next time. */
  get(): Promise<T>;
  /** Lets go of it if it was ever opened; never rejects. */
  dispose(close: (opened: T) => Promise<void>): Promise<void>;
};

export function once<T>(open: () => Promise<T>): Once<T> {
  let opened: Promise<T> | undefined;
  return {
    get() {
      opened ??= open().catch((error: unknown) => {
        opened = undefined;
        throw error;
      });
      return opened;
    },
    async dispose(close) {
      await opened?.then(close).catch(() => undefined);
    },
  };
}
