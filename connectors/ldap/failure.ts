import { ResultCodeError } from "ldapts";
import { SystemError } from "../connector.ts";

/** Result codes of LDAP that decide something (RFC 4511, appendix A). */
export const RESULT = {
  timeLimitExceeded: 3,
  sizeLimitExceeded: 4,
  strongerAuthRequired: 8,
  referral: 10,
  adminLimitExceeded: 11,
  confidentialityRequired: 13,
  noSuchAttribute: 16,
  undefinedType: 17,
  valueExists: 20,
  noSuchObject: 32,
  invalidCredentials: 49,
  insufficientAccess: 50,
  busy: 51,
  unavailable: 52,
  objectClassViolation: 65,
  /** What Active Directory says for a member that is one already. */
  entryExists: 68,
} as const;

/** Milliseconds. LDAP has no rate limit: a server that is busy does not say until when. */
const BUSY_WAIT = 30_000;

const UNTRUSTED = /CERT|SIGNATURE|ISSUER|ALTNAME/;

/** The result code of an answer; undefined for everything that is no answer. */
export function resultCode(error: unknown): number | undefined {
  if (error instanceof SystemError) return resultCode(error.cause);
  if (error instanceof ResultCodeError) return error.code;
  return error instanceof Answered ? error.result : undefined;
}

/** Any error as a SystemError. ldapts' own errors are not kept as cause: they can hold the request, a password in it. */
export function asSystemError(error: unknown, now: Date): SystemError {
  if (error instanceof SystemError) return error;
  if (!(error instanceof ResultCodeError)) return asTransportError(error);
  const said = error.message.replace(/ Code: 0x[\da-f]+$/i, "").slice(0, 200);
  const cause = new Answered(error.code, said);
  switch (error.code) {
    case RESULT.timeLimitExceeded:
    case RESULT.sizeLimitExceeded:
    case RESULT.adminLimitExceeded:
      return new SystemError(
        { code: "refused", reason: "it ends searches at a limit (size or time): raise it for our bind DN" },
        { cause },
      );
    case RESULT.strongerAuthRequired:
    case RESULT.confidentialityRequired:
      return new SystemError({ code: "refused", reason: "it wants TLS before a bind" }, { cause });
    case RESULT.referral:
      return new SystemError(
        { code: "refused", reason: "it refers to another server, which is not followed" },
        { cause },
      );
    case RESULT.noSuchObject:
      return new SystemError({ code: "forbidden", scope: "to read what is named, if it exists" }, { cause });
    case RESULT.invalidCredentials:
      return new SystemError({ code: "forbidden", scope: "a valid bind DN and password" }, { cause });
    case RESULT.insufficientAccess:
      return new SystemError({ code: "forbidden" }, { cause });
    case RESULT.busy:
      return new SystemError({ code: "rate-limited", retryAt: new Date(now.getTime() + BUSY_WAIT) }, { cause });
    case RESULT.unavailable:
      return new SystemError({ code: "unreachable" }, { cause });
    default:
      return new SystemError({ code: "refused", reason: said }, { cause });
  }
}

function asTransportError(error: unknown): SystemError {
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  if (UNTRUSTED.test(code)) {
    return new SystemError({ code: "refused", reason: `its certificate is not to be trusted (${code})` });
  }
  return new SystemError({ code: "unreachable" }, code === "" ? {} : { cause: new Error(code) });
}

/** What a server answered, without the request. */
class Answered extends Error {
  readonly result: number;

  constructor(result: number, said: string) {
    super(`LDAP result ${result}: ${said}`);
    this.name = "Answered";
    this.result = result;
  }
}
