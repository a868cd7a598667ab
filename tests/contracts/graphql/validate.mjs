// Reads one {"query"} a line on standard input and prints what GitHub's published schema says against each as one JSON array a line.
import { createInterface } from "node:readline";
import { schema as published } from "@octokit/graphql-schema";
import { buildSchema, parse, validate } from "graphql";

const schema = buildSchema(published.idl, { assumeValid: true, assumeValidSDL: true });

for await (const line of createInterface({ input: process.stdin })) {
  console.log(JSON.stringify(validate(schema, parse(JSON.parse(line).query)).map(({ message }) => message)));
}
