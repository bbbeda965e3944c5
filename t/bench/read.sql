-- Events for t/bench/read: {count} of {total} events, from {from} on.  There
-- are {errors} errors in {projects} projects, of 80 days.  Half of the events
-- is spread evenly over the errors, the other half is the more an error's the
-- lower its number, so that some have hundreds of thousands; and some
-- projects have a hundred times the errors of others.  The events of an error
-- follow one another, which is quickest to insert; what is stored in the end
-- is the same in any order.

INSERT INTO errortracking.ingest
(
    kind, n, timestamp, first_timestamp, received, project_id, fingerprint,
    grouping_version, event_id, users, level, platform, type, value, culprit,
    logger, environment, release, server_name, transaction, trace_id, user_id,
    user_ip, tags, sdk_name, sdk_version, grouping, payload
)
WITH
    {total:UInt64} AS total,
    {errors:UInt64} AS errors,
    cityHash64(number, 7) AS h,
    if(number % 2 = 0, intDiv(number * errors, total),
       toUInt64(pow(number / total, 4) * errors)) AS err,
    toUInt64({projects:UInt64} * pow((cityHash64(err, 1) % 10007) / 10007., 2))
        + 1 AS project,
    now64(6) - toIntervalMicrosecond(cityHash64(number, 3)
                                     % (80 * 86400 * 1000000)) AS ts,
    cityHash64(h % 20000, err % 20) AS user,
    concat('Error', toString(err % 300)) AS error_type
SELECT
    1, 1, ts, ts, ts, project,
    cityHash64(err, 99) % 9007199254740992, 1, generateUUIDv4(number), [user],
    ['error', 'error', 'error', 'warning', 'fatal'][1 + err % 5], 'python',
    if(err % 20 = 0, '', error_type),
    concat('could not do number ', toString(err), ' because of ',
           toString(h % 100)),
    concat('app.module', toString(err % 500), ' in function_', toString(err)),
    'app', ['production', 'staging', 'dev'][1 + (h % 10 > 6) + (h % 10 > 8)],
    concat('app@1.', toString(h % 20), '.0'),
    concat('host', toString(h % 50)), concat('/path/', toString(err % 200)),
    lower(hex(MD5(toString(number)))), toString(user), '192.0.2.1',
    map('browser', ['Chrome', 'Firefox', 'Safari'][1 + h % 3],
        'os', ['Linux', 'Windows'][1 + h % 2],
        'build', toString(h % 20)),
    'sentry.python', '2.0.0', concat('type ', error_type),
    concat('{"event_id":"', lower(hex(h)), '","exception":{"values":[{"type":"',
           error_type, '","value":"could not","stacktrace":{"frames":[',
           repeat(concat('{"filename":"app/module', toString(err % 500),
                         '.py","function":"function_',
                         toString(cityHash64(err) % 100000), '","lineno":',
                         toString(h % 1000), ',"in_app":true,"context_line":',
                         '"    return self.call(args, kwargs)"},'), 12),
           '{}]}}]},"extra":{"request":"', hex(SHA512(toString(number))),
           '"}}')
FROM numbers({from:UInt64}, {count:UInt64})
SETTINGS max_insert_threads = 1, max_block_size = 25000,
         min_insert_block_size_rows = 100000,
         min_insert_block_size_bytes = 400000000,
         max_partitions_per_insert_block = 1000
