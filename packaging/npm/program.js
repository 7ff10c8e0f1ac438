// Where the program is: in the package of this platform, else on PATH.
"use strict";

const { delimiter, join } = require("node:path");
const { existsSync } = require("node:fs");

const platform = `${process.platform}-${process.arch}`;
const file = process.platform === "win32" ? "cogtok.exe" : "cogtok";

/** The program that the package of this platform brought; undefined where it is not there. */
function packaged() {
  try {
    return require.resolve(`@cogtok/${platform}/bin/${file}`);
  } catch {
    return undefined;
  }
}

/** The program of the package, else that of PATH; undefined where there is none. */
function found() {
  const directories = (process.env.PATH ?? "").split(delimiter).filter((directory) => directory !== "");
  return packaged() ?? directories.map((directory) => join(directory, file)).find((path) => existsSync(path));
}

module.exports = { platform, packaged, found };
