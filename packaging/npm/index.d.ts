/** Which token, and how fresh. */
export interface TokenOptions {
  /** Whose token: `user` unless you say otherwise. */
  as?: "user" | "m2m";
  /** The user who signed in. */
  username?: string;
  /** Which of the user's tokens. */
  token?: "access" | "id";
  /** Scopes to ask for instead of the profile's (m2m). */
  scopes?: string[];
  /** How many seconds the token must still be valid: 120 unless you say otherwise. */
  minValidity?: number;
}

/** What the program says where it fails. */
export class CogtokError extends Error {
  /** The kind: see docs/exit-codes.md. */
  readonly exitCode: number;
  readonly hints: string[];
}

/** Tokens of one profile. */
export class TokenProvider {
  constructor(profile?: string, options?: TokenOptions);
  getToken(): Promise<string>;
  headers(): Promise<{ Authorization: string }>;
  renewed(refused: string): Promise<string | undefined>;
}

/** The current token of a profile. */
export function getToken(profile?: string, options?: TokenOptions): Promise<string>;

/** A function that gives the Authorization header with the current token. */
export function headersFactory(profile?: string, options?: TokenOptions): () => Promise<{ Authorization: string }>;

/** A fetch that sends the current token, and a new one once where the server answers 401. */
export function fetchWith(profile?: string, options?: TokenOptions & { fetch?: typeof fetch }): typeof fetch;
