/** Runs tasks one after the other: SQLite has one connection, and nothing may slip into another's transaction. */
export class SerialQueue {
  #last: Promise<unknown> = Promise.resolve();

  /** Runs the task once every task given before has ended, whatever became of them. */
  run<T>(task: () => Promise<T>): Promise<T> {
    const result = this.#last.then(task);
    this.#last = result.catch(() => undefined);
    return result;
  }
}
