// What is wrong in any script; how it looks is the formatter's business (dprint.json).
import js from "@eslint/js";
import globals from "globals";

const rules = {
  "no-var": "error",
  "prefer-const": ["error", { destructuring: "all" }],
  "no-shadow-restricted-names": "error",
  "no-implicit-globals": "error",
  "no-throw-literal": "error",
  "no-useless-return": "error",
  "object-shorthand": "error",
  "prefer-arrow-callback": "error",
  "prefer-rest-params": "error",
};
export default [
  js.configs.recommended,
  {
    files: ["gancourse/**/*.js"], // scripts of a page: no modules, one name of their own
    languageOptions: { sourceType: "script", globals: { ...globals.browser, gancourse: "readonly" } },
    rules,
  },
  {
    files: ["_ext/*.js"],
    languageOptions: {
      sourceType: "script",
      globals: { ...globals.browser, MathJax: "readonly", SECTIONS: "readonly" },
    },
    rules,
  },
  { files: ["tools/javascript/*.js"], languageOptions: { sourceType: "module", globals: globals.node }, rules },
];
