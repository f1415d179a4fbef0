/** FOCUS columns that say where and on what something was used. */
import type { ExportColumns } from './export-columns.ts';
import type { FocusColumn } from './focus-column.ts';
import { jsonObject, labelEntries } from './json-object.ts';
import { regionNames } from './region-names.ts';
import { quoted } from './export-columns.ts';

const regionId = (from: ExportColumns): string =>
  `COALESCE(${from.value('location.region', 'STRING')}, ${from.value('location.location', 'STRING')})`;

export const resourceColumns: readonly FocusColumn[] = [
  {
    name: 'AvailabilityZone',
    type: 'STRING',
    level: 'Recommended',
    since: '1.0',
    note: '',
    expression: (from) => from.value('location.zone', 'STRING'),
  },
  {
    name: 'RegionId',
    type: 'STRING',
    level: 'Conditional',
    since: '1.0',
    note: 'The multi-region or `global` where there is no region.',
    expression: regionId,
  },
  {
    name: 'RegionName',
    type: 'STRING',
    level: 'Conditional',
    since: '1.0',
    note: 'The place’s name; RegionId where it is not known here.',
    expression: (from) =>
      `CASE ${regionId(from)} ${Object.entries(regionNames)
        .map(([id, name]) => `WHEN ${quoted(id)} THEN ${quoted(name)}`)
        .join(' ')} ELSE ${regionId(from)} END`,
  },
  {
    name: 'ResourceId',
    type: 'STRING',
    level: 'Conditional',
    since: '1.0',
    note: 'Detailed export only.',
    expression: (from) => from.value('resource.global_name', 'STRING'),
  },
  {
    name: 'ResourceName',
    type: 'STRING',
    level: 'Conditional',
    since: '1.0',
    note: 'Detailed export only.',
    expression: (from) => from.value('resource.name', 'STRING'),
  },
  {
    name: 'ResourceType',
    type: 'STRING',
    level: 'Conditional',
    since: '1.0',
    note: 'The collection in `resource.global_name`, such as `instances`; detailed export only.',
    expression: (from) =>
      `REGEXP_EXTRACT(${from.value('resource.global_name', 'STRING')}, r'/([^/]+)/[^/]+$')`,
  },
  {
    name: 'Tags',
    type: 'STRING',
    level: 'Conditional',
    since: '1.0',
    note: 'JSON object of labels (`label/…`), project labels (`project/…`), tags (`tag/namespace/…`) and system labels (`system/…`), sorted by key.',
    expression: (from) =>
      jsonObject([
        ...labelEntries(from, 'labels', 'label/'),
        ...labelEntries(from, 'project.labels', 'project/'),
        ...(from.has('tags')
          ? [
              "ARRAY(SELECT AS STRUCT CONCAT('tag/', IFNULL(l.namespace, ''), '/', l.key) AS k, l.value AS v FROM UNNEST(t.tags) AS l)",
            ]
          : []),
        ...labelEntries(from, 'system_labels', 'system/'),
      ]),
  },
];
