import { createTypeScriptImportResolver } from "eslint-import-resolver-typescript";
import importX from "eslint-plugin-import-x";
import jsxA11y from "eslint-plugin-jsx-a11y";
import reactHooks from "eslint-plugin-react-hooks";
import { defineConfig } from "eslint/config";
import tseslint from "typescript-eslint";

const features = ["session", "inbox", "thread", "media", "composer"];

/** What may not be imported from where: lib, ui → api, realtime → outbox → features → app; no feature knows another. */
const zones = [
  { target: "./src/lib", from: "./src", except: ["./lib"] },
  { target: "./src/i18n", from: "./src", except: ["./lib", "./i18n"] },
  { target: "./src/ui", from: "./src", except: ["./lib", "./ui", "./i18n"] },
  { target: "./src/api", from: "./src", except: ["./lib", "./i18n", "./api"] },
  { target: "./src/realtime", from: "./src", except: ["./lib", "./i18n", "./api", "./realtime"] },
  {
    target: "./src/outbox",
    from: "./src",
    except: ["./lib", "./i18n", "./api", "./realtime", "./outbox"],
  },
  { target: "./src/features", from: "./src/app" },
  ...features.map((name) => ({ target: `./src/features/${name}`, from: "./src/features", except: [`./${name}`] })),
];

export default defineConfig(
  { ignores: ["dist", "src/api/wire.gen.ts"] },
  ...tseslint.configs.strictTypeChecked,
  {
    files: ["**/*.{ts,tsx}"],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    plugins: { "import-x": importX, "jsx-a11y": jsxA11y, "react-hooks": reactHooks },
    settings: { "import-x/resolver-next": [createTypeScriptImportResolver({ project: "./tsconfig.json" })] },
    rules: {
      ...reactHooks.configs.recommended.rules,
      ...jsxA11y.flatConfigs.strict.rules,
      "import-x/no-restricted-paths": ["error", { zones }],
      "import-x/no-cycle": "error",
      "@typescript-eslint/no-unused-vars": ["error", { argsIgnorePattern: "^_" }],
      "max-lines": ["error", 300],
      "@typescript-eslint/restrict-template-expressions": ["error", { allowNumber: true }],
      "@typescript-eslint/no-confusing-void-expression": ["error", { ignoreArrowShorthand: true }],
    },
  },
  // A test looks at mocked methods without calling them.
  { files: ["tests/**"], rules: { "@typescript-eslint/unbound-method": "off" } },
  { files: ["**/*.{js,mjs}"], extends: [tseslint.configs.disableTypeChecked] },
);
