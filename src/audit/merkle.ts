import { createHash } from "node:crypto";

// The Merkle tree of RFC 6962 section 2.1 (the same as RFC 9162 section 2.1) with SHA-256. Sizes and indexes are
// integers below 2^53, so no bit operators here: they would cut at 32 bits.

/** 32 bytes. */
export type Hash = Uint8Array;

/** A complete subtree: the leaves `position * 2^level` up to, not including, `(position + 1) * 2^level`. */
export interface NodeId {
  readonly level: number;
  readonly position: number;
}
export interface Node extends NodeId {
  readonly hash: Hash;
}

/**
 * Gives the hashes of complete subtrees, in the order asked for; level 0 are the leaf hashes. It is called once a
 * proof, so that a store can answer with one query. Throws if it lacks one.
 */
export type NodeReader = (wanted: readonly NodeId[]) => Promise<readonly Hash[]>;

/** The complete subtrees a tree of `size` leaves is made of, largest first. */
export interface Frontier {
  readonly size: number;
  readonly peaks: readonly Hash[];
}

export const EMPTY_FRONTIER: Frontier = { size: 0, peaks: [] };

/** SHA-256(0x00 || data). */
export function hashLeaf(data: Uint8Array): Hash {
  return createHash("sha256").update(LEAF).update(data).digest();
}

/** SHA-256(0x01 || left || right). */
export function hashNode(left: Hash, right: Hash): Hash {
  return createHash("sha256").update(NODE).update(left).update(right).digest();
}

/** Whether both are the same bytes. */
export function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return Buffer.compare(a, b) === 0;
}

/** The ids of the peaks of a tree of `size` leaves, in the order of `Frontier.peaks`. */
export function peakIds(size: number): readonly NodeId[] {
  return nodesOf({ start: 0, end: size });
}

/** The root of the tree with these peaks; of the empty tree, SHA-256 of nothing. */
export function rootOf(frontier: Frontier): Hash {
  return fold(frontier.peaks) ?? createHash("sha256").digest();
}

/** Adds one leaf; `nodes` are the complete subtrees of level 1 and above that it closes, lowest first. */
export function extend(
  frontier: Frontier,
  leaf: Hash,
): { readonly frontier: Frontier; readonly nodes: readonly Node[] } {
  const peaks = [...frontier.peaks];
  const nodes: Node[] = [];
  let hash = leaf;
  let position = frontier.size;
  for (let level = 1; position % 2 === 1; level++) {
    const left = peaks.pop();
    if (left === undefined) throw new RangeError("the frontier has fewer peaks than its size says");
    hash = hashNode(left, hash);
    position = (position - 1) / 2;
    nodes.push({ level, position, hash });
  }
  return { frontier: { size: frontier.size + 1, peaks: [...peaks, hash] }, nodes };
}

/** PATH of RFC 6962 section 2.1.1: proves leaf `index` to be in the tree of the first `size` leaves. */
export function inclusionProof(index: number, size: number, read: NodeReader): Promise<readonly Hash[]> {
  if (!(isCount(index) && isCount(size) && index < size)) throw new RangeError(`no leaf ${index} in ${size}`);
  const ranges: Range[] = [];
  let tree: Range = { start: 0, end: size };
  while (tree.end - tree.start > 1) {
    const middle = tree.start + split(tree.end - tree.start);
    const [left, right] = [
      { start: tree.start, end: middle },
      { start: middle, end: tree.end },
    ];
    ranges.unshift(index < middle ? right : left);
    tree = index < middle ? left : right;
  }
  return hashesOf(ranges, read);
}

/** PROOF of RFC 6962 section 2.1.2: proves the tree of `first` leaves to be a prefix of the tree of `second`. */
export function consistencyProof(first: number, second: number, read: NodeReader): Promise<readonly Hash[]> {
  if (!(isCount(first) && isCount(second) && first <= second)) throw new RangeError(`${first} is not within ${second}`);
  const ranges: Range[] = [];
  if (first > 0 && first < second) {
    let tree: Range = { start: 0, end: second };
    while (first !== tree.end) {
      const middle = tree.start + split(tree.end - tree.start);
      const [left, right] = [
        { start: tree.start, end: middle },
        { start: middle, end: tree.end },
      ];
      ranges.unshift(first <= middle ? right : left);
      tree = first <= middle ? left : right;
    }
    // The verifier has the first tree's root already; it needs this part only if it is not that whole tree.
    if (tree.start > 0) ranges.unshift(tree);
  }
  return hashesOf(ranges, read);
}

/** Whether `proof` shows that `leaf` is number `index` under `root` (RFC 9162 section 2.1.3.2). Never throws. */
export function verifyInclusion(leaf: Hash, index: number, size: number, proof: readonly Hash[], root: Hash): boolean {
  if (!(isCount(index) && isCount(size) && index < size && [leaf, root, ...proof].every(isHash))) return false;
  let at = index;
  let last = size - 1;
  let hash = leaf;
  for (const sibling of proof) {
    if (last === 0) return false;
    if (at % 2 === 1 || at === last) {
      hash = hashNode(sibling, hash);
      while (at % 2 === 0 && at !== 0) {
        at = half(at);
        last = half(last);
      }
    } else {
      hash = hashNode(hash, sibling);
    }
    at = half(at);
    last = half(last);
  }
  return last === 0 && sameBytes(hash, root);
}

/**
 * Whether `proof` shows that the tree of `first` leaves under `firstRoot` is a prefix of the one of `second` leaves
 * under `secondRoot` (RFC 9162 section 2.1.4.2). The empty tree is a prefix of each. Never throws.
 */
export function verifyConsistency(
  first: number,
  second: number,
  proof: readonly Hash[],
  firstRoot: Hash,
  secondRoot: Hash,
): boolean {
  if (!(isCount(first) && isCount(second) && first <= second)) return false;
  if (![firstRoot, secondRoot, ...proof].every(isHash)) return false;
  if (first === second) return proof.length === 0 && sameBytes(firstRoot, secondRoot);
  if (first === 0) return proof.length === 0 && sameBytes(firstRoot, rootOf(EMPTY_FRONTIER));
  let at = first - 1;
  let last = second - 1;
  while (at % 2 === 1) {
    at = half(at);
    last = half(last);
  }
  // A first tree that is a complete subtree is its own first node, and the proof leaves it out.
  const [seed, ...rest] = at === 0 ? [firstRoot, ...proof] : proof;
  if (seed === undefined) return false;
  let firstHash = seed;
  let secondHash = seed;
  for (const sibling of rest) {
    if (last === 0) return false;
    if (at % 2 === 1 || at === last) {
      firstHash = hashNode(sibling, firstHash);
      secondHash = hashNode(sibling, secondHash);
      while (at % 2 === 0 && at !== 0) {
        at = half(at);
        last = half(last);
      }
    } else {
      secondHash = hashNode(secondHash, sibling);
    }
    at = half(at);
    last = half(last);
  }
  return last === 0 && sameBytes(firstHash, firstRoot) && sameBytes(secondHash, secondRoot);
}

const LEAF = Uint8Array.of(0);
const NODE = Uint8Array.of(1);

/** Leaves `start` up to, not including, `end`. */
interface Range {
  readonly start: number;
  readonly end: number;
}

/** One query for all ranges, then each is folded into its hash. */
async function hashesOf(ranges: readonly Range[], read: NodeReader): Promise<readonly Hash[]> {
  const parts = ranges.map(nodesOf);
  const wanted = parts.flat();
  const hashes = wanted.length === 0 ? [] : await read(wanted);
  if (hashes.length !== wanted.length) throw new RangeError(`asked for ${wanted.length} hashes, got ${hashes.length}`);
  let from = 0;
  return parts.map((part) => {
    const hash = fold(hashes.slice(from, from + part.length));
    from += part.length;
    if (hash === undefined) throw new RangeError("an empty range has no hash");
    return hash;
  });
}

/** The complete subtrees of a range that is itself a subtree of some tree, and so starts at a multiple of them. */
function nodesOf({ start, end }: Range): readonly NodeId[] {
  const ids: NodeId[] = [];
  let from = start;
  while (from < end) {
    let level = 0;
    let width = 1;
    while (from + width * 2 <= end) {
      width *= 2;
      level++;
    }
    ids.push({ level, position: from / width });
    from += width;
  }
  return ids;
}

function fold(peaks: readonly Hash[]): Hash | undefined {
  return peaks.length === 0 ? undefined : peaks.reduceRight((right, left) => hashNode(left, right));
}

/** The largest power of two below `count`, which is at least 2. */
function split(count: number): number {
  let width = 1;
  while (width * 2 < count) width *= 2;
  return width;
}

function half(count: number): number {
  return Math.floor(count / 2);
}

function isCount(value: number): boolean {
  return Number.isSafeInteger(value) && value >= 0;
}

function isHash(hash: Hash): boolean {
  return hash.length === 32;
}
