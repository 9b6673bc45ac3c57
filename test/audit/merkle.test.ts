import { CoMETRE } from "@transmute/rfc9162";
import { describe, expect, it } from "vitest";
import {
  consistencyProof,
  EMPTY_FRONTIER,
  extend,
  type Frontier,
  type Hash,
  hashLeaf,
  hashNode,
  inclusionProof,
  type NodeReader,
  peakIds,
  rootOf,
  verifyConsistency,
  verifyInclusion,
} from "../../src/audit/merkle.ts";
import { randomFrom } from "./random.ts";

const hex = (hash: Hash) => Buffer.from(hash).toString("hex");
const bytes = (text: string) => new Uint8Array(Buffer.from(text, "hex"));

/** A tree in memory that remembers the frontier of each size. */
function grow(leaves: readonly Hash[]) {
  const stored = new Map<string, Hash>();
  const sizes: Frontier[] = [EMPTY_FRONTIER];
  for (const [position, hash] of leaves.entries()) {
    stored.set(`0/${position}`, hash);
    const { frontier, nodes } = extend(sizes.at(-1) ?? EMPTY_FRONTIER, hash);
    for (const node of nodes) stored.set(`${node.level}/${node.position}`, node.hash);
    sizes.push(frontier);
  }
  let reads = 0;
  const read: NodeReader = async (wanted) => {
    reads++;
    return wanted.map(({ level, position }) => {
      const hash = stored.get(`${level}/${position}`);
      if (hash === undefined) throw new RangeError(`no node ${level}/${position}`);
      return hash;
    });
  };
  return { read, reads: () => reads, root: (size: number) => rootOf(sizes[size] ?? EMPTY_FRONTIER), stored };
}

// The test leaves, roots and proofs of Certificate Transparency (certificate-transparency, trillian and
// transparency-dev/merkle all carry them).
const LEAVES = ["", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"].map(
  (leaf) => hashLeaf(bytes(leaf)),
);
const ROOTS = [
  "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
  "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
  "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
  "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
  "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
  "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
  "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
  "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
  "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
].map(bytes);
const INCLUSION: readonly (readonly [number, number, readonly string[]])[] = [
  [0, 1, []],
  [
    0,
    8,
    [
      "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
      "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
      "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
    ],
  ],
  [
    5,
    8,
    [
      "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
      "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
      "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    ],
  ],
  [2, 3, ["fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"]],
  [
    1,
    5,
    [
      "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
      "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
      "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
    ],
  ],
];
const CONSISTENCY: readonly (readonly [number, number, readonly string[]])[] = [
  [1, 1, []],
  [
    1,
    8,
    [
      "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
      "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
      "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
    ],
  ],
  [
    6,
    8,
    [
      "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
      "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
      "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    ],
  ],
  [
    2,
    5,
    [
      "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
      "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
    ],
  ],
  [
    6,
    7,
    [
      "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
      "b08693ec2e721597130641e8211e7eedccb4c26413963eee6c1e2ed16ffb1a5f",
      "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    ],
  ],
];

describe("the tree: Certificate Transparency's test vectors", () => {
  const tree = grow(LEAVES);

  it("hashes leaves and nodes apart", () => {
    expect(hex(hashLeaf(new Uint8Array()))).toBe("6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d");
    expect(hex(hashLeaf(Buffer.from("L123456")))).toBe(
      "395aa064aa4c29f7010acfe3f25db9485bbd4b91897b6ad7ad547639252b4d56",
    );
    expect(hex(hashNode(Buffer.from("N123"), Buffer.from("N456")))).toBe(
      "aa217fe888e47007fa15edab33c2b492a722cb106c64667fc2b044444de66bbb",
    );
  });

  it.each(ROOTS.map((root, size) => [size, root] as const))("has the published root at size %i", (size, root) => {
    expect(hex(tree.root(size))).toBe(hex(root));
  });

  it.each(INCLUSION)("proves leaf %i in %i as published", async (index, size, published) => {
    const proof = await inclusionProof(index, size, tree.read);
    expect(proof.map(hex)).toEqual(published);
    expect(verifyInclusion(LEAVES[index] ?? bytes(""), index, size, proof, tree.root(size))).toBe(true);
  });

  it.each(CONSISTENCY)("proves %i a prefix of %i as published", async (first, second, published) => {
    const proof = await consistencyProof(first, second, tree.read);
    expect(proof.map(hex)).toEqual(published);
    expect(verifyConsistency(first, second, proof, tree.root(first), tree.root(second))).toBe(true);
  });

  it.each(INCLUSION.slice(1))("believes no corrupted proof of leaf %i in %i", async (index, size) => {
    const proof = await inclusionProof(index, size, tree.read);
    const leaf = LEAVES[index] ?? bytes("");
    const root = tree.root(size);
    const holds = (over: { leaf?: Hash; index?: number; size?: number; proof?: readonly Hash[]; root?: Hash }) =>
      verifyInclusion(
        over.leaf ?? leaf,
        over.index ?? index,
        over.size ?? size,
        over.proof ?? proof,
        over.root ?? root,
      );
    expect(holds({})).toBe(true);
    for (const wrong of [index - 1, index + 1, index ^ 2, size, -1, 0.5, Number.NaN]) {
      expect(holds({ index: wrong })).toBe(false);
    }
    for (const wrong of [size * 2, Math.floor(size / 2), 0, Number.NaN]) expect(holds({ size: wrong })).toBe(false);
    expect(holds({ leaf: bytes("00") })).toBe(false);
    expect(holds({ root: tree.root(0) })).toBe(false);
    for (const wrong of corruptions(proof, root)) expect(holds({ proof: wrong })).toBe(false);
  });

  it.each(CONSISTENCY.slice(1))("believes no corrupted proof of %i within %i", async (first, second) => {
    const proof = await consistencyProof(first, second, tree.read);
    const [one, two] = [tree.root(first), tree.root(second)];
    expect(verifyConsistency(first, second, proof, one, two)).toBe(true);
    for (const wrong of [first - 1, first + 1, first ^ 2]) {
      expect(verifyConsistency(wrong, second, proof, one, two)).toBe(false);
    }
    for (const wrong of [second * 2, Math.floor(second / 2)]) {
      expect(verifyConsistency(first, wrong, proof, one, two)).toBe(false);
    }
    expect(verifyConsistency(first, second, proof, two, one)).toBe(false);
    expect(verifyConsistency(first, second, proof, bytes("00"), two)).toBe(false);
    expect(verifyConsistency(first, second, [], one, two)).toBe(false);
    for (const wrong of corruptions(proof, one)) {
      expect(verifyConsistency(first, second, wrong, one, two)).toBe(false);
    }
  });

  it("treats the trivial cases as RFC 9162 does", () => {
    const [empty, one] = [tree.root(0), tree.root(1)];
    expect(verifyConsistency(0, 0, [], empty, empty)).toBe(true);
    expect(verifyConsistency(0, 1, [], empty, one)).toBe(true);
    expect(verifyConsistency(0, 1, [], one, one)).toBe(false);
    expect(verifyConsistency(1, 0, [], one, empty)).toBe(false);
    expect(verifyConsistency(1, 1, [one], one, one)).toBe(false);
    expect(verifyInclusion(one, 0, 0, [], one)).toBe(false);
  });
});

describe("the tree: against another implementation (@transmute/rfc9162)", () => {
  it("agrees on the root and the peaks of every size up to 200", async () => {
    const leaves = randomLeaves(1, 200);
    const tree = grow(leaves);
    for (let size = 1; size <= 200; size++) {
      expect(hex(tree.root(size))).toBe(hex(await CoMETRE.RFC9162_SHA256.root(leaves.slice(0, size))));
      expect(hex(rootOf({ size, peaks: await tree.read(peakIds(size)) }))).toBe(hex(tree.root(size)));
    }
  });

  it.each(Array.from({ length: 60 }, (_, seed) => seed))("agrees on random proofs, seed %i", async (seed) => {
    const random = randomFrom(seed);
    const size = 1 + Math.floor(random() * 200);
    const leaves = randomLeaves(seed, size);
    const tree = grow(leaves);
    const index = Math.floor(random() * size);
    const leaf = leaves[index] ?? bytes("");

    const inclusion = await inclusionProof(index, size, tree.read);
    const theirs = await CoMETRE.RFC9162_SHA256.inclusion_proof(index, leaves);
    expect(inclusion.map(hex)).toEqual(theirs.inclusion_path.map(hex));
    expect(hex(await CoMETRE.RFC9162_SHA256.verify_inclusion_proof(leaf, theirs))).toBe(hex(tree.root(size)));
    expect(verifyInclusion(leaf, index, size, theirs.inclusion_path, tree.root(size))).toBe(true);
    expect(verifyInclusion(leaf, (index + 1) % size, size, inclusion, tree.root(size))).toBe(size === 1);

    const first = 1 + Math.floor(random() * size);
    const consistency = await consistencyProof(first, size, tree.read);
    expect(verifyConsistency(first, size, consistency, tree.root(first), tree.root(size))).toBe(true);
    if (first === size) return;
    const { consistency_path } = await CoMETRE.RFC9162_SHA256.consistency_proof(
      { log_id: "", tree_size: first, leaf_index: 0, inclusion_path: [] },
      leaves,
    );
    // Theirs repeats the first root where the RFC leaves it out: when the first tree is one complete subtree.
    const complete = Number.isInteger(Math.log2(first));
    expect([...(complete ? [hex(tree.root(first))] : []), ...consistency.map(hex)]).toEqual(consistency_path.map(hex));
    expect(
      await CoMETRE.RFC9162_SHA256.verify_consistency_proof(tree.root(first), tree.root(size), {
        log_id: "",
        tree_size_1: first,
        tree_size_2: size,
        consistency_path: complete ? [tree.root(first), ...consistency] : [...consistency],
      }),
    ).toBe(true);
  });
});

describe("the tree: storage", () => {
  it("asks for stored hashes once a proof, and few of them", async () => {
    const tree = grow(randomLeaves(2, 1000));
    let asked = 0;
    await inclusionProof(333, 1000, (wanted) => {
      asked += wanted.length;
      return tree.read(wanted);
    });
    expect(tree.reads()).toBe(1);
    expect(asked).toBeLessThanOrEqual(20);
  });

  it("stores each complete subtree once and never changes it", () => {
    const small = grow(randomLeaves(3, 100)).stored;
    const large = grow(randomLeaves(3, 150)).stored;
    for (const [id, hash] of small) expect(hex(large.get(id) ?? bytes(""))).toBe(hex(hash));
    expect(small.size).toBe(100 + 50 + 25 + 12 + 6 + 3 + 1);
  });

  it("counts beyond 32 bits", () => {
    const size = 2 ** 33 + 5;
    expect(peakIds(size)).toEqual([
      { level: 33, position: 0 },
      { level: 2, position: 2 ** 31 },
      { level: 0, position: 2 ** 33 + 4 },
    ]);
  });

  it("refuses to prove what is not there", () => {
    const { read } = grow(randomLeaves(4, 3));
    expect(() => inclusionProof(3, 3, read)).toThrow(RangeError);
    expect(() => consistencyProof(4, 3, read)).toThrow(RangeError);
  });
});

function randomLeaves(seed: number, count: number): Hash[] {
  const random = randomFrom(seed + 1000);
  return Array.from({ length: count }, () => hashLeaf(Uint8Array.from({ length: 12 }, () => random() * 256)));
}

function corruptions(proof: readonly Hash[], other: Hash): readonly (readonly Hash[])[] {
  return [
    proof.slice(0, -1),
    proof.slice(1),
    [...proof, other],
    [...proof, new Uint8Array()],
    [other, ...proof],
    [new Uint8Array(), ...proof],
    ...proof.map((_, at) =>
      proof.map((hash, i) => (i === at ? hash.map((byte, b) => (b === 0 ? byte ^ 8 : byte)) : hash)),
    ),
  ];
}
