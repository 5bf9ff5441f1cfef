"use strict";

/** The version of Node-API that better-sqlite3 13 is compiled against. Node has it from 22.14 and 23.6 on. */
const NODE_API_OF_13 = 10;

const alias = Number(process.versions.napi) >= NODE_API_OF_13 ? "better-sqlite3-13" : "better-sqlite3-12";

const load = () => {
  try {
    return require(alias);
  } catch (error) {
    if (error.code !== "MODULE_NOT_FOUND") throw error;
    throw new Error(
      `${alias} is not installed, which Node ${process.version} needs: install the packages again under this version of Node`,
      { cause: error },
    );
  }
};

module.exports = load();
