# docker build --build-arg COMMIT="$(git rev-parse HEAD)" -t mythoria-admin .
FROM node:24-bookworm-slim AS dependencies
WORKDIR /app
COPY package.json package-lock.json ./
# Maps and declarations are a quarter of the packages, and nothing that runs reads them.
RUN npm ci --omit=dev --ignore-scripts --no-audit --no-fund && find node_modules -name '*.map' -delete -o -name '*.d.ts' -delete
ARG COMMIT=
RUN echo "$COMMIT" > COMMIT

# Node alone: no shell, no package manager, not root.
FROM gcr.io/distroless/nodejs24-debian12:nonroot
WORKDIR /app
ENV NODE_ENV=production
ENV PORT=3000
COPY --from=dependencies /app ./
COPY tsconfig.json ./
COPY public ./public
COPY views ./views
COPY scripts ./scripts
COPY src ./src
# Half of a start is compiling; whoever runs it as another user does that again.
ENV NODE_COMPILE_CACHE=/home/nonroot/compiled
RUN ["/nodejs/bin/node", "scripts/compile.ts"]
EXPOSE 3000
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s CMD ["/nodejs/bin/node", "-e", "fetch(`http://127.0.0.1:${process.env.PORT}/healthz`).then(({ ok }) => process.exit(ok ? 0 : 1), () => process.exit(1))"]
# Node 24 takes the types off by itself. `docker run mythoria-admin scripts/jobs.ts --once` runs a command in place of the server.
CMD ["--max-semi-space-size=4", "--max-old-space-size=256", "src/server.ts"]
