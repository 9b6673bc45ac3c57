/** One line of a CODEOWNERS file. */
export interface OwnersLine {
  readonly pattern: string;
  /** `@login`, `@org/team` or an address, lower case. */
  readonly owners: readonly string[];
}

/**
 * The lines that name owners. A backslash keeps a blank or a `#` in the pattern; the rest after ` #` is a comment.
 * https://docs.github.com/en/repositories/managing-your-repositorys-settings-and-features/customizing-your-repository/about-code-owners
 */
export function readOwners(text: string): OwnersLine[] {
  return text.split(/\r?\n/).flatMap((line) => {
    const words =
      line
        .replace(/(^|\s)#.*$/, "")
        .trim()
        .match(/(?:\\.|\S)+/g) ?? [];
    const [pattern, ...owners] = words;
    return pattern && owners.length > 0 ? [{ pattern, owners: owners.map((owner) => owner.toLowerCase()) }] : [];
  });
}

/**
 * Patterns that nobody owns once this login has no access: it is the only owner, or the others are teams that have no
 * other member. GitHub then ignores the line without a word.
 */
export function orphanedBy(lines: readonly OwnersLine[], login: string, emptyTeams: ReadonlySet<string>): string[] {
  const leaves = (owner: string) => owner === `@${login.toLowerCase()}` || emptyTeams.has(owner);
  return [...new Set(lines.filter(({ owners }) => owners.every(leaves)).map(({ pattern }) => pattern))];
}

/** Teams that decide whether a line is orphaned: those on lines with nobody else than the login and teams. */
export function teamsToAsk(lines: readonly OwnersLine[], login: string): string[] {
  const own = `@${login.toLowerCase()}`;
  const undecided = lines.filter(({ owners }) => owners.every((owner) => owner === own || owner.includes("/")));
  return [...new Set(undecided.flatMap(({ owners }) => owners.filter((owner) => owner !== own)))];
}
