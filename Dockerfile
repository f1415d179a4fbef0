# The worker as an image: runs as a user without rights, needs no writable file of its own, and gets signals directly.
ARG NODE_IMAGE=node:24-bookworm-slim

FROM ${NODE_IMAGE} AS dependencies
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
# Half of what packages bring is for compilers, browsers and other platforms; licences stay.
RUN npm ci --omit=dev --no-audit \
    && find node_modules -type f \( -name '*.map' -o -name '*.d.ts' -o -name '*.d.mts' -o -name '*.d.cts' \) -delete \
    && find node_modules/better-sqlite3/prebuilds -type f ! -name 'linux-*' -delete \
    && rm -rf node_modules/better-sqlite3/deps node_modules/better-sqlite3/src node_modules/typeorm/browser

FROM ${NODE_IMAGE} AS build
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
RUN npm ci --no-audit
COPY tsconfig.json tsconfig.build.json ./
COPY dev/setup dev/setup
COPY src src
RUN npm run build

FROM ${NODE_IMAGE}
ARG VERSION=0.1.0
ARG REVISION=unknown
LABEL org.opencontainers.image.title="pulse-billing-etl" \
      org.opencontainers.image.description="Moves cloud billing data between BigQuery environments and never loses or doubles a row" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}"
ENV NODE_ENV=production
WORKDIR /app
COPY package.json LICENSE ./
COPY --from=dependencies /app/node_modules node_modules
COPY --from=build /app/dist dist
# What V8 compiled at the first start is kept, so that no later one compiles it again; it is read-only like the rest. The
# folder is relative to WORKDIR, made under the options of ENTRYPOINT and named after the user, as V8 and Node want it.
ENV NODE_COMPILE_CACHE=.compile-cache
RUN node --max-semi-space-size=4 -e "['cli/run-cli','app','app/daemon','app/messaging','app/sides','state/open-state'].map((file) => import('./dist/' + file + '.js'))" \
    && for cache in .compile-cache/*-0; do mv "$cache" "${cache%-0}-65532"; done
# Mount points: transforms to read, and a place for SQLite where no DB_HOST is set.
RUN install -d -o 65532 -g 65532 data transforms \
    && ln -s /app/dist/main.js /usr/local/bin/pulse-billing-etl
# By number, so that Kubernetes can see that it is not root; it works under any other as well.
USER 65532:65532
EXPOSE 8080
# Node is process 1 and handles SIGTERM itself: it drains. Health is asked over HTTP, by whoever runs the image.
# A small young generation keeps the garbage of passing batches small.
ENTRYPOINT ["node", "--max-semi-space-size=4", "dist/main.js"]
CMD ["worker"]
