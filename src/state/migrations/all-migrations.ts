/** Every migration in the order in which they are applied. */
import { CreateTables1764000000000 } from './1764000000000-create-tables.ts';

/** In the order of their timestamps. */
export const ALL_MIGRATIONS = [CreateTables1764000000000];
