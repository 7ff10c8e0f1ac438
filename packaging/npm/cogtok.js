#!/usr/bin/env node
// Runs the program that the package of this platform brought, and ends as it ends.
"use strict";

const { spawn } = require("node:child_process");
const { isatty } = require("node:tty");

const { packaged, platform } = require("../program.js");

const program = packaged();
if (program === undefined) {
  const { optionalDependencies = {} } = require("../package.json");
  const known = Object.keys(optionalDependencies).map((name) => name.replace("@cogtok/", ""));
  const hint = known.includes(platform)
    ? `install it again, with its optional dependencies: npm install cogtok --include=optional`
    : `there are ${known.join(", ")}; on other platforms: cargo install cogtok`;
  console.error(`cogtok: the package @cogtok/${platform} is not there\nhint: ${hint}`);
  process.exit(1);
}

const words = process.argv.slice(2);

// Newer versions of node become the program.
if (process.platform !== "win32" && typeof process.execve === "function") {
  process.removeAllListeners("warning");
  try {
    process.execve(program, [program, ...words]);
  } catch {
    // A worker can't. What follows can.
  }
}

const child = spawn(program, words, { stdio: "inherit", windowsHide: false });
// Not process.stdin, which at a mere look would make a pipe one that the program can't wait for.
const isTerminal = [0, 1, 2].some((stream) => isatty(stream));
for (const signal of ["SIGINT", "SIGQUIT", "SIGTERM", "SIGHUP", "SIGUSR1", "SIGUSR2"]) {
  if (process.platform === "win32" && !["SIGINT", "SIGHUP"].includes(signal)) continue;
  process.on(signal, () => {
    // The keys of a terminal reach the program without us.
    const isTyped = signal === "SIGINT" || signal === "SIGQUIT";
    if (process.platform !== "win32" && !(isTyped && isTerminal)) child.kill(signal);
  });
}
child.on("error", (error) => {
  console.error(`cogtok: ${program} can't be run: ${error.message}`);
  process.exit(1);
});
child.on("exit", (code, signal) => {
  if (signal === null) process.exit(code);
  process.removeAllListeners(signal);
  process.kill(process.pid, signal);
});
