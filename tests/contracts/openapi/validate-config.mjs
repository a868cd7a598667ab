// Validates every configuration in the Markdown files of a folder against a JSON Schema; prints what does not fit and how many fitted.
import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import Ajv from "ajv";
import { parse } from "yaml";

const [schema, root] = process.argv.slice(2);
const validate = new Ajv({ strict: true, allowUnionTypes: true, allErrors: true }).compile(JSON.parse(readFileSync(schema, "utf8")));
const files = readdirSync(root, { recursive: true }).filter((file) => file.endsWith(".md") && !/node_modules|artifacts|\/bin\/|\/obj\//.test(file));
let fitted = 0;
for (const file of files) {
  for (const [, block] of readFileSync(join(root, file), "utf8").matchAll(/^```yaml\n(# reposentry\.yaml\n[\s\S]*?)^```/gm)) {
    if (validate(parse(block) ?? {})) fitted++;
    else console.log(`${file}: ${JSON.stringify(validate.errors)}`);
  }
}
console.log(`${fitted} fitted`);
