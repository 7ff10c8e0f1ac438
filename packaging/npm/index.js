// Amazon Cognito tokens from the program cogtok, with its cache: any number of callers make one request. Nothing is ever asked:
// sign in (`cogtok login`), or store the secret, before. Nothing here does what the program does already.
"use strict";

const { execFile } = require("node:child_process");
const { found } = require("./program.js");

// How long no other token is asked for after a new one was refused all the same: each may cost money.
const TRUCE = 60_000;

/** What the program says where it fails: `exitCode` tells the kind (docs/exit-codes.md), `hints` what to do. */
class CogtokError extends Error {
  constructor(exitCode, message, hints = []) {
    super([message, ...hints.map((hint) => `hint: ${hint}`)].join("\n"));
    this.name = "CogtokError";
    this.exitCode = exitCode;
    this.hints = hints;
  }
}

function run(words) {
  const program = found();
  if (program === undefined) {
    return Promise.reject(new CogtokError(127, "the program cogtok is not on PATH", ["npm install cogtok"]));
  }
  return new Promise((resolve, reject) => {
    const child = execFile(program, [...words, "--no-input"], { maxBuffer: 1 << 20 }, (error, stdout, stderr) => {
      if (error === null) return resolve(JSON.parse(stdout));
      const lines = stderr.split("\n");
      const of = (label) => lines.filter((line) => line.startsWith(label)).map((line) => line.slice(label.length));
      const code = typeof error.code === "number" ? error.code : 1;
      reject(new CogtokError(code, of("error: ").pop() ?? `cogtok ended with ${error.code ?? error.signal}`, of("hint: ")));
    });
    child.stdin.end();
  });
}

/** Tokens of one profile. It asks the program again before the token expires. */
class TokenProvider {
  #words;
  #claim;
  #minValidity;
  #kept = { value: "", end: 0 };
  #fetching;
  #renewedAt = -Infinity;

  constructor(profile, { as = "user", username, token = "access", scopes = [], minValidity = 120 } = {}) {
    if (!["user", "m2m"].includes(as)) throw new TypeError('as is "user" or "m2m"');
    if (as === "m2m" && (username !== undefined || token !== "access")) throw new TypeError('username and token are for as: "user"');
    if (as === "user" && scopes.length > 0) throw new TypeError('scopes are for as: "m2m"');
    this.#words = ["token", as, "--json", "--min-validity", `${Math.trunc(minValidity)}s`];
    if (profile !== undefined) this.#words.push("-p", profile);
    if (username !== undefined) this.#words.push("--username", username);
    for (const scope of scopes) this.#words.push("--scope", scope);
    this.#claim = token === "id" ? "id_token" : "access_token";
    this.#minValidity = minValidity;
  }

  /** The current token. */
  async getToken() {
    const { value, end } = this.#kept;
    return value !== "" && Date.now() / 1000 + this.#minValidity < end ? value : this.#fetch([]);
  }

  /** The Authorization header with the current token. */
  async headers() {
    return { Authorization: `Bearer ${await this.getToken()}` };
  }

  /** Another token than the one that a server refused with 401; undefined where there is none. */
  async renewed(refused) {
    const current = await this.getToken();
    if (current !== refused) return current;
    if (Date.now() - this.#renewedAt < TRUCE) return undefined;
    this.#renewedAt = Date.now();
    const renewed = await this.#fetch(["--force-refresh"]);
    return renewed !== refused ? renewed : undefined;
  }

  #fetch(more) {
    // One process for all who wait.
    this.#fetching ??= run([...this.#words, ...more])
      .then((answer) => {
        this.#kept = { value: answer[this.#claim], end: answer.expires_at ?? 0 };
        return this.#kept.value;
      })
      .finally(() => {
        this.#fetching = undefined;
      });
    return this.#fetching;
  }
}

/** The current token of a profile. */
function getToken(profile, options) {
  return new TokenProvider(profile, options).getToken();
}

/** A function that gives the Authorization header with the current token. */
function headersFactory(profile, options) {
  const provider = new TokenProvider(profile, options);
  return () => provider.headers();
}

/** A fetch that sends the current token, and a new one once where the server answers 401. */
function fetchWith(profile, { fetch: inner = globalThis.fetch, ...options } = {}) {
  const provider = new TokenProvider(profile, options);
  return async (input, init) => {
    const request = new Request(input, init);
    const send = (token, request) => {
      request.headers.set("Authorization", `Bearer ${token}`);
      return inner(request);
    };
    const again = request.clone();
    const token = await provider.getToken();
    const response = await send(token, request);
    if (response.status !== 401) return response;
    const other = await provider.renewed(token);
    if (other === undefined) return response;
    await response.body?.cancel();
    return send(other, again);
  };
}

module.exports = { CogtokError, TokenProvider, fetchWith, getToken, headersFactory };
