// Loaded before the program: puts wrappers in front of the modules that make its database, warehouses and deliveries.
import { registerHooks } from 'node:module';

/** The module of the program, and the wrapper that stands in for it. */
const WRAPPERS = {
  '/dist/app/sides.js': './watched-sides.ts',
  '/dist/state/open-state.js': './watched-state.ts',
  '/dist/pubsub/pull-subscriber.js': './watched-deliveries.ts',
};

registerHooks({
  resolve(specifier, context, nextResolve) {
    const resolved = nextResolve(specifier, context);
    // A wrapper asks for the very module it stands in for.
    if (context.parentURL?.includes('/test/crash/preload/') === true) return resolved;
    const wrapper = Object.entries(WRAPPERS).find(([module]) => resolved.url.endsWith(module))?.[1];
    if (wrapper === undefined) return resolved;
    const url = new URL(wrapper, import.meta.url);
    url.searchParams.set('real', resolved.url);
    return { ...resolved, url: url.href, format: 'module-typescript' };
  },
});
