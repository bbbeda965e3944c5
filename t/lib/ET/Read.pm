# What the suites of the read APIs share.
#
#     sentry_api("errortracking_keys ...;")   Sentry's API, under /api/0/, with
#                                             the tokens of $ET::DIR/tokens
#     query_location()                        and what it asks ClickHouse by
#     encoded("a b")                          "a%20b"

package ET::Read;

use strict;
use warnings;

use ET;
use Exporter qw(import);

our @EXPORT = qw(sentry_api query_location encoded);


sub sentry_api {
    my ($more) = @_;
    $more //= "";

    return <<"_EOC_";
        location /api/0/ {
            errortracking_api sentry;
            errortracking_tokens $ET::DIR/tokens;
            $more
            errortracking_query /query;
            errortracking_api_timeout 20s;
        }
_EOC_
}


sub query_location {
    return <<"_EOC_";
        location = /query {
            internal;
            proxy_pass $ET::CLICKHOUSE/;
            proxy_http_version 1.1;
            proxy_set_header Connection "";
        }
_EOC_
}


sub encoded {
    my ($text) = @_;

    $text =~ s/([^A-Za-z0-9_.~-])/sprintf "%%%02X", ord $1/ge;

    return $text;
}


1;
