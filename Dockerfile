# NGINX with the error tracking module, writing to the ClickHouse of
# CLICKHOUSE.
#
#     docker build -t errortracking .
#     docker run --rm -e CLICKHOUSE=clickhouse:8123 errortracking schema
#     docker run -p 8080:8080 -e CLICKHOUSE=clickhouse:8123 \
#         -v ./errortracking.keys:/etc/errortracking/keys:ro errortracking
#
#     CLICKHOUSE           host:port of its HTTP interface
#     CLICKHOUSE_USER      default: none is sent
#     CLICKHOUSE_PASSWORD
#     KEYS                 /etc/errortracking/keys, "project key" a line
#     TOKENS               /etc/errortracking/tokens; where it is, Sentry's API
#                          is under /api/0/
#     GITLAB_TOKEN         /etc/errortracking/token, a file; where it is,
#                          GitLab's is under /errortracking/api/v1/
#     PORT                 8080
#
# What a client sends is acknowledged while it is in this container's memory:
# end it with its stop signal, and give it time to send what it has.

FROM debian:trixie-slim AS build

RUN apt-get update \
    && apt-get install -y --no-install-recommends \
        gcc libbrotli-dev libc6-dev libcjson-dev libcurl4-openssl-dev \
        libdeflate-dev libssl-dev libzstd-dev make nginx-dev zlib1g-dev \
    && rm -rf /var/lib/apt/lists/*

COPY . /src/
RUN BUILD=/build /src/src/tools/build.sh installed


FROM debian:trixie-slim

# curl: the schema and the health check
RUN apt-get update \
    && apt-get install -y --no-install-recommends \
        curl libbrotli1 libcjson1 libcurl4t64 libdeflate0 libssl3t64 libzstd1 \
        nginx zlib1g \
    && rm -rf /var/lib/apt/lists/* \
    && install -d -o www-data -g www-data /run/errortracking

COPY --from=build /build/ngx_http_errortracking_module.so \
     /usr/lib/nginx/modules/
COPY conf/ /usr/share/errortracking/conf/
COPY src/tools/schema.sh src/tools/entrypoint.sh \
     /usr/share/errortracking/src/tools/

ENV CLICKHOUSE=clickhouse:8123 KEYS=/etc/errortracking/keys \
    TOKENS=/etc/errortracking/tokens \
    GITLAB_TOKEN=/etc/errortracking/token PORT=8080

USER www-data
EXPOSE 8080

# QUIT: NGINX answers the requests it has and sends the rows it holds; TERM
# would not wait for clients
STOPSIGNAL SIGQUIT

HEALTHCHECK --interval=10s --timeout=3s --start-period=5s \
    CMD curl -fsS -o /dev/null "http://127.0.0.1:$PORT/status"

ENTRYPOINT ["/usr/share/errortracking/src/tools/entrypoint.sh"]
CMD ["nginx"]
