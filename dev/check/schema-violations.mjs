// Compares a value with a schema in the part of JSON Schema that vendor-kinds.mjs uses; a field no schema names is a mistake.

/** What is wrong, each line with the path of the field; empty when all is well. */
export function schemaViolations(value, schema, path = '') {
  if (schema.enum)
    return wrong(schema.enum.includes(value), path, `must be one of ${schema.enum.join(', ')}`);
  switch (schema.type) {
    case 'object':
      return isObject(value)
        ? objectViolations(value, schema, path)
        : wrong(false, path, 'must be an object');
    case 'array':
      return Array.isArray(value)
        ? [
            ...wrong(value.length >= (schema.minItems ?? 0), path, `needs ${schema.minItems} or more`),
            ...value.flatMap((item, at) => schemaViolations(item, schema.items, `${path}[${at}]`)),
          ]
        : wrong(false, path, 'must be a list');
    case 'string':
      if (typeof value !== 'string') return wrong(false, path, `must be a text, in quotes: ${value}`);
      return wrong(
        !schema.pattern || new RegExp(schema.pattern).test(value),
        path,
        `must match ${schema.pattern}`,
      );
    case 'integer': {
      const { minimum = -Infinity, maximum = Infinity } = schema;
      const fits = Number.isInteger(value) && value >= minimum && value <= maximum;
      return wrong(fits, path, `must be a whole number from ${minimum} to ${maximum}`);
    }
    case 'boolean':
      return wrong(typeof value === 'boolean', path, 'must be true or false, without quotes');
    default:
      throw new Error(`the schema of ${path} has type "${schema.type}"`);
  }
}

function objectViolations(value, { properties = {}, required = [], additionalProperties }, path) {
  const inside = (name) => (path === '' ? name : `${path}.${name}`);
  return [
    ...required.flatMap((name) => wrong(Object.hasOwn(value, name), inside(name), 'is missing')),
    ...Object.entries(value).flatMap(([name, field]) => {
      const schema = Object.hasOwn(properties, name) ? properties[name] : additionalProperties;
      return schema
        ? schemaViolations(field, schema, inside(name))
        : wrong(false, inside(name), 'is no field of this kind');
    }),
  ];
}

function isObject(value) {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function wrong(holds, path, what) {
  return holds ? [] : [`${path || 'it'} ${what}`];
}
