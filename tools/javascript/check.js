// Formats and lints every script of the project.
//   node check.js          say what is not formatted or looks wrong; the exit status is 1 if anything is
//   node check.js --write  format, then lint
import { createContext } from "@dprint/formatter";
import { getPath } from "@dprint/typescript";
import { ESLint } from "eslint";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";

const here = dirname(fileURLToPath(import.meta.url)), root = resolve(here, "../..");
const scripts = ["gancourse/page", "gancourse/live", "_ext", "tools/javascript"].flatMap((folder) =>
  readdirSync(join(root, folder)).filter((name) => name.endsWith(".js")).map((name) => join(root, folder, name))
);

const { typescript, ...style } = JSON.parse(readFileSync(join(here, "dprint.json"), "utf8"));
const formatter = createContext(style);
formatter.addPlugin(readFileSync(getPath()), typescript);

const unformatted = scripts.filter((filePath) => {
  const fileText = readFileSync(filePath, "utf8"), wanted = formatter.formatText({ filePath, fileText });
  if (wanted != fileText && process.argv.includes("--write")) writeFileSync(filePath, wanted);
  return wanted != fileText;
});
for (const path of unformatted)
  console.log(`${process.argv.includes("--write") ? "formatted" : "not formatted"}: ${relative(root, path)}`);

const eslint = new ESLint({ cwd: root, overrideConfigFile: join(here, "eslint.config.js") });
const found = (await eslint.lintFiles(scripts)).filter(({ messages }) => messages.length);
for (const { filePath, messages } of found)
  for (const { line, column, message, ruleId } of messages)
    console.log(`${relative(root, filePath)}:${line}:${column} ${message} (${ruleId})`);

process.exitCode = +(found.length > 0 || unformatted.length > 0 && !process.argv.includes("--write"));
