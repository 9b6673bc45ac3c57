/** Somebody as GitHub knows them now. The emulator never renames, so its name for them stays apart. */
export interface GitHubPerson {
  readonly id: number;
  readonly inside: string;
  login: string;
  name: string | null;
  readonly type: "User" | "Bot";
  /** SSH keys on the profile: `ssh-ed25519 AAAA…`. */
  keys?: readonly string[];
}

/** Who has which login. Renaming and taking over a login happen here, in front of the emulator. */
export class GitHubPeople {
  readonly all: GitHubPerson[] = [];

  /** Logins differ in more than their case. */
  find(login: string): GitHubPerson | undefined {
    return this.all.find((person) => person.login.toLowerCase() === login.toLowerCase());
  }

  findById(id: number): GitHubPerson | undefined {
    return this.all.find((person) => person.id === id);
  }

  get(login: string): GitHubPerson {
    const person = this.find(login);
    if (!person) throw new Error(`nobody on this GitHub is called ${login}`);
    return person;
  }

  /** Frees the old login at once, as GitHub does. */
  rename(from: string, to: string): void {
    if (this.find(to)) throw new Error(`${to} is taken`);
    this.get(from).login = to;
  }

  /** An emulator's answer as this GitHub gives it: logins, names and types as they are now. */
  shown(value: unknown): unknown {
    if (Array.isArray(value)) return value.map((one) => this.shown(one));
    if (value === null || typeof value !== "object") return value;
    const shown = Object.fromEntries(Object.entries(value).map(([key, one]) => [key, this.shown(one)]));
    const person = this.all.find((one) => one.inside === shown["login"] && one.id === shown["id"]);
    if (!person) return shown;
    const named = "name" in shown ? { name: person.name } : {};
    return {
      ...shown,
      ...named,
      login: person.login,
      type: person.type,
      html_url: `https://github.com/${person.login}`,
    };
  }
}
