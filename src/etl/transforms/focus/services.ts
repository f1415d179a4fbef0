/** Which FOCUS category a Google Cloud service belongs to. */
import { quoted } from './export-columns.ts';

/** Every allowed ServiceCategory. Source: FOCUS_Spec, ServiceCategory. */
export const SERVICE_CATEGORIES = [
  'AI and Machine Learning',
  'Analytics',
  'Business Applications',
  'Compute',
  'Databases',
  'Developer Tools',
  'Multicloud',
  'Identity',
  'Integration',
  'Internet of Things',
  'Management and Governance',
  'Media',
  'Migration',
  'Mobile',
  'Networking',
  'Security',
  'Storage',
  'Web',
  'Other',
] as const;
export type ServiceCategory = (typeof SERVICE_CATEGORIES)[number];

type KnownService = readonly [
  id: string | undefined,
  description: string,
  category: ServiceCategory,
  subcategory: string,
];

/** A service whose id is not known here is recognised by its description. */
const KNOWN_SERVICES: readonly KnownService[] = [
  ['6F81-5844-456A', 'Compute Engine', 'Compute', 'Virtual Machines'],
  ['E505-1604-58F8', 'Networking', 'Networking', 'Network Infrastructure'],
  ['95FF-2EF5-5EA1', 'Cloud Storage', 'Storage', 'Object Storage'],
  ['24E6-581D-38E5', 'BigQuery', 'Databases', 'Data Warehouses'],
  ['CCD8-9BF1-090E', 'Kubernetes Engine', 'Compute', 'Containers'],
  ['9662-B51E-5089', 'Cloud SQL', 'Databases', 'Relational Databases'],
  ['152E-C115-5142', 'Cloud Run', 'Compute', 'Serverless Compute'],
  ['A1E8-BE35-7EBC', 'Cloud Pub/Sub', 'Integration', 'Messaging'],
  ['C7E2-9256-1C43', 'Vertex AI', 'AI and Machine Learning', 'AI Platforms'],
  ['5490-F7B7-8DF6', 'Cloud Logging', 'Management and Governance', 'Observability'],
  ['2062-016F-44A2', 'Support', 'Management and Governance', 'Support'],
  [undefined, 'Cloud Monitoring', 'Management and Governance', 'Observability'],
  [undefined, 'Cloud Functions', 'Compute', 'Serverless Compute'],
  [undefined, 'App Engine', 'Compute', 'Serverless Compute'],
  [undefined, 'Cloud Run Functions', 'Compute', 'Serverless Compute'],
  [undefined, 'Cloud Spanner', 'Databases', 'Relational Databases'],
  [undefined, 'AlloyDB', 'Databases', 'Relational Databases'],
  [undefined, 'Cloud Bigtable', 'Databases', 'NoSQL Databases'],
  [undefined, 'Cloud Firestore', 'Databases', 'NoSQL Databases'],
  [undefined, 'Cloud Memorystore for Redis', 'Databases', 'Caching'],
  [undefined, 'Cloud Filestore', 'Storage', 'File Storage'],
  [undefined, 'Backup for GKE', 'Storage', 'Backup Storage'],
  [undefined, 'Cloud Dataflow', 'Analytics', 'Data Processing'],
  [undefined, 'Cloud Dataproc', 'Analytics', 'Data Processing'],
  [undefined, 'Looker', 'Analytics', 'Business Intelligence'],
  [undefined, 'Artifact Registry', 'Developer Tools', 'Source Code Management'],
  [undefined, 'Cloud Build', 'Developer Tools', 'Continuous Integration and Deployment'],
  [undefined, 'Cloud DNS', 'Networking', 'Network Routing'],
  [undefined, 'Cloud CDN', 'Networking', 'Content Delivery'],
  [undefined, 'Secret Manager', 'Security', 'Secret Management'],
  [undefined, 'Cloud Key Management Service (KMS)', 'Security', 'Other (Security)'],
  [undefined, 'Security Command Center', 'Security', 'Security Posture Management'],
  [undefined, 'Workflows', 'Integration', 'Workflow Orchestration'],
  [undefined, 'Apigee', 'Integration', 'API Management'],
];

/** Subcategory of what is not known. */
const OTHER_SUBCATEGORY = 'Other (Other)';

/** A CASE expression that gives `category/subcategory` over the expressions of the service's id and description. */
export function serviceCase(id: string, description: string): string {
  const whens = KNOWN_SERVICES.map(([knownId, name, category, subcategory]) => {
    const same = knownId === undefined ? `${description} = ${quoted(name)}` : `${id} = ${quoted(knownId)}`;
    return `WHEN ${same} THEN ${quoted(`${category}/${subcategory}`)}`;
  });
  return `CASE ${whens.join(' ')} ELSE 'Other/${OTHER_SUBCATEGORY}' END`;
}

/** Every subcategory written, by the category it belongs to. */
export const subcategories: readonly (readonly [ServiceCategory, string])[] = [
  ...KNOWN_SERVICES.map(([, , category, subcategory]) => [category, subcategory] as const),
  ['Other', OTHER_SUBCATEGORY],
];
