/** Rows in order, one at a time, so that several streams can be walked side by side. */
export interface Cursor<Row> {
  /** The row whose number is `at`, if that is the next one; it is passed over then. */
  take(at: number): Promise<Row | undefined>;
  /** The next row, which stays; nothing at the end. */
  peek(): Promise<Row | undefined>;
  /** A row numbered below what any append writes, if there was one. Such rows are passed over. */
  stray(): Row | undefined;
  close(): Promise<void>;
}

/** A cursor over `rows`, which come ordered by `numberOf`, starting at `lowest`. */
export function cursorOf<Row>(rows: AsyncIterable<Row>, numberOf: (row: Row) => number, lowest: number): Cursor<Row> {
  const iterator = rows[Symbol.asyncIterator]();
  let next: Row | undefined;
  let stray: Row | undefined;
  let ended = false;
  async function peek(): Promise<Row | undefined> {
    while (next === undefined && !ended) {
      const result = await iterator.next();
      if (result.done) ended = true;
      else if (numberOf(result.value) < lowest) stray ??= result.value;
      else next = result.value;
    }
    return next;
  }
  return {
    peek,
    async take(at) {
      const row = await peek();
      if (row === undefined || numberOf(row) !== at) return undefined;
      next = undefined;
      return row;
    },
    stray: () => stray,
    async close() {
      await iterator.return?.();
    },
  };
}
