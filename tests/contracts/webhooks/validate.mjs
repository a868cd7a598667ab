// Reads one {"definition", "payload"} a line on standard input and prints the errors of each as one JSON array a line.
import { createInterface } from "node:readline";
import { createRequire } from "node:module";
import Ajv from "ajv";
import addFormats from "ajv-formats";

const schema = createRequire(import.meta.url)("@octokit/webhooks-schemas/schema.json");
const ajv = new Ajv({ strict: false, allErrors: true });
addFormats(ajv);
ajv.addSchema(schema, "webhooks");

for await (const line of createInterface({ input: process.stdin })) {
  const { definition, payload } = JSON.parse(line);
  const validate = ajv.getSchema(`webhooks#/definitions/${encodeURIComponent(definition)}`);
  const errors = validate ? (validate(payload) ? [] : validate.errors) : [{ message: `no definition ${definition}` }];
  console.log(JSON.stringify(errors.map(({ instancePath, message, params }) => ({ instancePath, message, params }))));
}
