"""SCHEMA < JSON: checks it against a JSON Schema, of which this knows type, const, enum, pattern, required, properties,
additionalProperties, items and $ref to a $defs entry of the same file."""
import json, re, sys

TYPES = {
    "object": lambda v: isinstance(v, dict),
    "array": lambda v: isinstance(v, list),
    "string": lambda v: isinstance(v, str),
    "boolean": lambda v: isinstance(v, bool),
    "null": lambda v: v is None,
    "integer": lambda v: isinstance(v, int) and not isinstance(v, bool),
    "number": lambda v: isinstance(v, (int, float)) and not isinstance(v, bool),
}
KNOWN = {"$schema", "$id", "title", "description", "$defs", "$ref", "type", "const", "enum", "pattern", "required", "properties",
         "additionalProperties", "items"}


def check(value, schema, root, path, faults):
    unknown = set(schema) - KNOWN
    if unknown:
        sys.exit(f"the schema has {unknown}, which is not known here")
    if "$ref" in schema:
        return check(value, root["$defs"][schema["$ref"].rsplit("/", 1)[1]], root, path, faults)
    types = schema.get("type", [])
    types = [types] if isinstance(types, str) else types
    if types and not any(TYPES[t](value) for t in types):
        faults.append(f"{path}: {json.dumps(value)[:80]} is no {' or '.join(types)}")
        return
    if "enum" in schema and value not in schema["enum"]:
        faults.append(f"{path}: {value!r} is not among {schema['enum']}")
    if isinstance(value, str) and "pattern" in schema and not re.search(schema["pattern"], value):
        faults.append(f"{path}: {value!r} does not match {schema['pattern']}")
    if isinstance(value, dict):
        for key in schema.get("required", []):
            if key not in value:
                faults.append(f"{path}: no {key!r}")
        for key, v in value.items():
            if key in schema.get("properties", {}):
                check(v, schema["properties"][key], root, f"{path}.{key}", faults)
            elif isinstance(schema.get("additionalProperties"), dict):
                check(v, schema["additionalProperties"], root, f"{path}.{key}", faults)
            elif schema.get("additionalProperties") is False:
                faults.append(f"{path}: {key!r} is not in the schema")
    if isinstance(value, list) and "items" in schema:
        for i, v in enumerate(value):
            check(v, schema["items"], root, f"{path}[{i}]", faults)


def refuse(name):
    raise ValueError(f"{name} is not JSON")


with open(sys.argv[1], encoding="utf-8") as f:
    schema = json.load(f)
faults = []
check(json.load(sys.stdin, parse_constant=refuse), schema, schema, "$", faults)
print("\n".join(faults), end="\n" if faults else "")
sys.exit(bool(faults))
