/** Somebody's key on a host: whose, which of theirs, and what stands around it on the line. */
export interface KeyOnHost {
  readonly of: string;
  readonly key: string;
  readonly options?: string;
  readonly comment: string;
}

/** One of Acme's hosts, with the files that sshd reads keys from. */
export interface CompanyHost {
  readonly name: string;
  /** Unix accounts besides root's. */
  readonly accounts: readonly string[];
  /** Further lines of sudoers. */
  readonly sudoers?: string;
  readonly files: readonly {
    readonly path: string;
    /** Of whom the file is; root if absent. */
    readonly owner?: string;
    readonly lines: readonly KeyOnHost[];
  }[];
}

/** The keys that Acme's directory vouches for, by handle. The deploy robot's is nobody's. */
export const KEYS: Readonly<Record<string, readonly string[]>> = {
  alice: ["laptop", "workstation"],
  bob: ["laptop"],
  carol: ["laptop"],
  hanako: ["laptop"],
};

const alice = (key: string, comment: string, options?: string): KeyOnHost => ({
  of: "alice",
  key,
  comment,
  ...(options === undefined ? {} : { options }),
});
const laptopOf = (of: string): KeyOnHost => ({ of, key: "laptop", comment: `${of}@acme` });
const ROBOT: KeyOnHost = {
  of: "robot",
  key: "deploy",
  comment: "deploy robot",
  options: 'command="/bin/true",restrict',
};

/** Alice's keys are where nobody looks: a shared account, root of the database host, and beside those of her colleagues. */
export const HOSTS: readonly CompanyHost[] = [
  {
    name: "web1.acme.example",
    accounts: ["alice", "bob", "deploy"],
    files: [
      {
        path: "/home/alice/.ssh/authorized_keys",
        owner: "alice",
        lines: [alice("laptop", "alice@laptop"), alice("workstation", "alice at home", 'from="127.0.0.0/8"')],
      },
      { path: "/home/bob/.ssh/authorized_keys", owner: "bob", lines: [laptopOf("bob")] },
      {
        path: "/home/deploy/.ssh/authorized_keys",
        owner: "deploy",
        lines: [laptopOf("bob"), alice("laptop", "temporary, until the robot works", "no-agent-forwarding"), ROBOT],
      },
    ],
  },
  {
    name: "db1.acme.example",
    accounts: ["alice", "carol"],
    sudoers: "carol ALL=(ALL) ALL\n",
    files: [
      { path: "/home/alice/.ssh/authorized_keys", owner: "alice", lines: [alice("laptop", "alice@laptop")] },
      { path: "/home/carol/.ssh/authorized_keys", owner: "carol", lines: [laptopOf("carol")] },
      {
        path: "/root/.ssh/authorized_keys",
        lines: [laptopOf("carol"), alice("laptop", "for the migration of March, remove afterwards")],
      },
    ],
  },
  {
    name: "build1.acme.example",
    accounts: ["deploy", "hanako"],
    files: [
      { path: "/home/hanako/.ssh/authorized_keys", owner: "hanako", lines: [laptopOf("hanako")] },
      { path: "/etc/ssh/keys/deploy", lines: [ROBOT, laptopOf("carol"), alice("workstation", "alice@home")] },
    ],
  },
];
