// userAccountControl of Active Directory is a set of bits; "disabled" is one of them and never a number of its own
// (https://learn.microsoft.com/en-us/troubleshoot/windows-server/active-directory/useraccountcontrol-manipulate-account-properties).

const ACCOUNTDISABLE = 0x2;

/** Says whether the bit is set, whatever the others are. Throws for what is no number. */
export function isDisabled(control: string | number): boolean {
  return (parse(control) & ACCOUNTDISABLE) !== 0;
}

/** The same account, disabled: all other bits stay. */
export function disabled(control: string | number): string {
  return String(parse(control) | ACCOUNTDISABLE);
}

/** The same account, enabled: all other bits stay. */
export function enabled(control: string | number): string {
  return String(parse(control) & ~ACCOUNTDISABLE);
}

function parse(control: string | number): number {
  const text = String(control);
  if (!/^-?\d{1,10}$/.test(text)) throw new TypeError("userAccountControl is no number");
  return Number(text);
}
