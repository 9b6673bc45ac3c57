import type { Sight } from "../connector.ts";

/** What no credential of an organization's owner can list, so that nobody takes its absence for a proof. */
export const SIGHT: Sight = {
  kind: "partial",
  blind: [
    "classic personal access tokens (their owner alone sees them; they lose this organization with the membership)",
    "fine-grained personal access tokens (only an installation of a GitHub App may list them)",
    "who used what and who set a webhook (the audit log is for Enterprise Cloud)",
    "credentials authorised for single sign-on (Enterprise Cloud with SAML)",
    "SSH and GPG keys of the account, and authorisations given to OAuth apps and GitHub Apps",
    "deploy keys that somebody else or an app added for the person, and webhooks of the organization itself",
    "organization and enterprise roles, and teams of the enterprise",
    "invitations to a repository by e-mail (GitHub does not say whose), and which account accepted one to the organization",
    "secrets of environments, and values of Actions secrets that the person has read",
    "Codespaces and self-hosted runners",
    "forks outside the organization that are public, and clones on disks",
  ],
};
