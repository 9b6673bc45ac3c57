import type { Fault } from "../../connectors/connector.ts";

/** Every fault of the configuration at once, by variable name and without values. */
export class ConfigError extends Error {
  readonly faults: readonly Fault[];

  constructor(faults: readonly Fault[]) {
    const lines = faults.map(({ variable, problem }) => `  ${variable} ${problem}`);
    super(`The configuration has ${faults.length === 1 ? "a fault" : `${faults.length} faults`}:\n${lines.join("\n")}`);
    this.name = "ConfigError";
    this.faults = faults;
  }
}

/** Whether something is wrong with this variable already, so that nothing follows from its being absent. */
export function isFaulty(faults: readonly Fault[], name: string): boolean {
  return faults.some(({ variable }) => variable === name || variable === `${name}_FILE`);
}

/** Each fault once. */
export function distinct(faults: readonly Fault[]): Fault[] {
  const seen = new Set<string>();
  return faults.filter(({ variable, problem }) => {
    const key = `${variable} ${problem}`;
    return !seen.has(key) && seen.add(key);
  });
}
