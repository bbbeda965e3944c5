#!/usr/bin/perl
#
# Grafana's Sentry data source: its requests, as its client (grafana/
# sentry-datasource, pkg/sentry) makes them, and its answers read the way it
# reads them into frames.  Events come in as SDKs send them, through this
# NGINX, into a real ClickHouse.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

use ET;
use ET::Read;
use ET::Server;
use JSON::PP;
use POSIX qw(strftime);
use Test::More;
use Time::HiRes qw(sleep time);

my $TOKEN = "sntrys_a-token-of-grafana";
my $OTHER = "sntrys_a-token-of-another-project";

my ($shop, $site, $hidden) = map { $PROJECT + $_ } 1 .. 3;
my $org = "org-$PROJECT";

ET::write_file($ET::KEYS, join "", map { $PROJECT + $_ . " $KEY\n" } 1 .. 3);
ET::write_file("$ET::DIR/tokens",
    "$TOKEN org:read,project:read,event:read $shop,$site\n"
    . "$OTHER * $hidden\n");

my $nginx = ET::Server->start("grafana", locations => sentry_api() . query_location());

my $now = time();


# url.Values.Encode() sorts by the name; what the client sets rather than adds
# is there once.
sub query {
    my (@pairs) = @_;
    my (@parts, %seen, $n);

    while (@pairs) {
        my ($name, $value) = splice @pairs, 0, 2;
        next if $seen{$name}++ && $name !~ /^(?:field|yAxis|project|groupBy|
                                    environment|category|outcome|reason)$/x;
        push @parts, [$name, $n++, encoded($value)];
    }

    return join "&", map { "$_->[0]=$_->[2]" }
           sort { $a->[0] cmp $b->[0] || $a->[1] <=> $b->[1] } @parts;
}


sub at {
    my ($time) = @_;
    return strftime("%Y-%m-%dT%H:%M:%S", gmtime $time);
}


# SentryClient.Fetch(): 200 and JSON, or the detail of what is wrong.
sub call {
    my ($path, %has) = @_;
    my $answer = $nginx->request($has{method} || "GET", $path,
        { headers => { Authorization => "Bearer " . ($has{token} || $TOKEN),
                       "User-Agent" => "grafana-sentry-datasource/2.0" } });

    $answer->{json} = eval {
        JSON::PP->new->utf8->allow_nonref->decode($answer->{content});
    };

    return $answer;
}


sub fetch {
    my ($path, @pairs) = @_;
    my $url = "/api/0/$path" . (@pairs ? "?" . query(@pairs) : "");
    my $answer = call($url);

    is($answer->{status}, 200, $url) or diag($answer->{content});
    ok(defined $answer->{json}, "which is JSON");

    return $answer->{json};
}


sub is_number {
    my ($value, $name) = @_;
    like(JSON::PP->new->allow_nonref->encode($value), qr/^-?[0-9.e+-]+$/,
         "$name is a number");
}


sub send_event {
    my ($project, $ago, %has) = @_;

    is($nginx->post(JSON::PP->new->encode({
           event_id => new_id(), timestamp => $now - $ago,
           platform => "python", environment => "production",
           release => "shop\@1.0.0", level => "error", %has }), $project),
       200, "an event is accepted");
}


my $events = 0;

for my $i (1 .. 6) {
    send_event($shop, 60 * $i, transaction => "/cart",
        tags => { browser => $i % 2 ? "Chrome" : "Firefox", count => $i },
        user => { id => "u" . $i % 3, email => "u" . $i % 3 . "\@example.com" },
        exception => { values => [{ type => "ValueError",
                                    value => "no such cart" }] });
    $events++;
}

send_event($shop, 3 * 3600, transaction => "/pay", release => "shop\@1.1.0",
    environment => "staging", level => "fatal",
    user => { id => "u9" },
    exception => { values => [{ type => "PaymentError",
                                value => "it's \"odd\"" }] });
send_event($shop, 30, message => "a message", level => "info");
send_event($site, 90, exception => { values => [{ type => "SiteError",
                                                  value => "down" }] });
send_event($hidden, 90, exception => { values => [{ type => "SecretError",
                                                    value => "hidden" }] });

$nginx->drained;
sql("INSERT INTO errortracking.projects (project_id, organization, slug, name) "
    . "VALUES ($shop, '$org', 'shop', 'The shop'), ($site, '$org', 'site', "
    . "'The site'), ($hidden, '$org', 'hidden', 'Hidden')");
ok(until_true(sub {
    sql("SELECT count() FROM errortracking.events WHERE project_id IN "
        . "($shop, $site, $hidden)") == 10
    && sql("SELECT sum(n) FROM errortracking.error_counts WHERE project_id IN "
           . "($shop, $site, $hidden)") == 10
}), "the events are stored");


my @period = (start => at($now - 6 * 3600), end => at($now + 60));


subtest "its health check, and its projects" => sub {
    my $list = fetch("organizations/$org/projects/");
    is(join(" ", sort map { $_->{slug} } @$list), "shop site",
       "the token's projects");

    for (@$list) {
        like($_->{id}, qr/^\d+$/, "id is digits in a string");
        like($_->{dateCreated}, qr/^\d{4}-\d\d-\d\dT/, "dateCreated");
        is(ref $_->{teams}, "ARRAY", "teams");
    }

    my $teams = fetch("organizations/$org/teams/");
    is(ref $teams, "ARRAY", "teams are a list");
    my $orgs = fetch("organizations/");
    is($orgs->[0]{slug}, $org, "organizations");
};


# HandleIssues: what its client's SentryIssue holds, of these types.
subtest "issues" => sub {
    my $list = fetch("organizations/$org/issues/", query => "is:unresolved",
                     @period, sort => "freq", limit => 10000);

    is(scalar @$list, 4, "the issues of the token's projects");
    my ($issue) = @$list;
    is($issue->{title}, "ValueError: no such cart", "the most frequent first");
    ok(!ref $issue->{$_} && defined $issue->{$_}, "$_ is a string")
        for qw(id shortId title status level type platform culprit permalink);
    is(JSON::PP->new->allow_nonref->encode($issue->{count}), '"6"',
       "count is a string");
    is_number($issue->{userCount}, "userCount");
    is_number($issue->{numComments}, "numComments");
    like($issue->{$_}, qr/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z$/, $_)
        for qw(firstSeen lastSeen);
    ok(JSON::PP::is_bool($issue->{$_}), "$_ is true or false")
        for qw(hasSeen isPublic isBookmarked isSubscribed);
    is_deeply($issue->{project}, { id => "$shop", name => "The shop",
                                   slug => "shop", platform => undef },
              "project");
    is($issue->{metadata}{type}, "ValueError", "metadata");
    is(scalar @{ fetch("organizations/$org/issues/", query => "", @period,
                       limit => 100, project => $site,
                       environment => "production") }, 1,
       "of a project and an environment");
};


# HandleReleases and HandleDeploys, and the variables that list them
subtest "releases" => sub {
    my $list = fetch("organizations/$org/releases/", per_page => 100,
                     project => $shop, environment => "production");
    my ($release) = grep { $_->{version} eq "shop\@1.0.0" } @$list;

    is($release->{shortVersion}, "1.0.0", "shortVersion");
    like($release->{$_}, qr/^\d{4}-.*Z$/, $_)
        for qw(dateCreated firstEvent lastEvent);
    is($release->{dateReleased}, undef, "dateReleased");
    is_number($release->{$_}, $_) for qw(commitCount deployCount newGroups);
    is($release->{projects}[0]{slug}, "shop", "projects");
    is_deeply(fetch("organizations/$org/releases/shop%401.0.0/deploys/",
                    per_page => 100), [], "deploys");

    my $tags = fetch("organizations/$org/tags/");
    ok(grep({ $_->{key} eq "browser" && $_->{totalValues} == 6 } @$tags),
       "tags");
};


# HandleEvents: rows become a frame, a column for each field.
sub events {
    return fetch("organizations/$org/events/", @_, query => "", @period,
                 per_page => 100);
}


subtest "events, as rows" => sub {
    my $all = events(map { (field => $_) } qw(id title project timestamp
        event.type platform release environment user level message
        transaction issue issue.id browser), sort => "-timestamp");

    is(scalar @{ $all->{data} }, 9, "the events of the token's projects");

    my ($first, $cart) = @{ $all->{data} };
    is($first->{title}, "a message", "the newest first");
    is($first->{"event.type"}, "default", "a message's type");
    is($cart->{title}, "ValueError: no such cart", "title");
    like($cart->{id}, qr/^[0-9a-f]{32}$/, "id");
    is($cart->{project}, "shop", "project is the slug");
    is($cart->{"project.name"}, "shop", "which is added to rows");
    like($cart->{timestamp}, qr/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d/, "timestamp");
    is($cart->{"event.type"}, "error", "event.type");
    is($cart->{user}, "id:u1", "user");
    is($cart->{browser}, "Chrome", "a tag is a field by its name");
    is($first->{browser}, undef, "and null where there is none");
    like($cart->{issue}, qr/^SHOP-[0-9A-Z]+$/, "issue is the short id");
    is_number($cart->{"issue.id"}, "issue.id");
    is($all->{meta}{fields}{timestamp}, "date", "types are in meta");
    is($all->{meta}{fields}{title}, "string", "of all fields");
    is($all->{meta}{fields}{"issue.id"}, "integer", "numbers, too");
    is(join(" ", sort keys %{ $all->{meta}{fields} }),
       join(" ", sort keys %$cart), "meta has a row's fields");

    my $by = sub {
        my ($query, @more) = @_;
        return join " ", sort map { $_->{title} =~ /^(\w+)/ }
               @{ events(field => "title", query => $query, @more)->{data} };
    };

    is($by->("level:fatal"), "PaymentError", "a word about a field");
    is($by->("!level:[error, info]"), "PaymentError", "none of several");
    is($by->("browser:Firefox"), "ValueError ValueError ValueError",
       "about a tag");
    is($by->("tags[browser]:Firefox"), "ValueError ValueError ValueError",
       "as its name is written, too");
    is($by->("browser:fire*"), "ValueError ValueError ValueError",
       "a pattern");
    is($by->("count:>4"), "ValueError ValueError", "compared");
    is($by->("has:browser user.id:u1"), "ValueError ValueError", "has:");
    is($by->("!has:browser event.type:error"), "PaymentError SiteError",
       "not has:");
    is($by->("user.email:u2\@example.com"), "ValueError ValueError", "user");
    is($by->("user:\"id:u9\""), "PaymentError", "user, as it is shown");
    is($by->("ODD"), "PaymentError", "a text, in any case");
    is($by->("o*ODD"), "PaymentError", "with a pattern in it");
    is($by->("level:fatal OR project:site"), "PaymentError SiteError",
       "one or the other");
    is($by->("(level:fatal transaction:*)"), "PaymentError", "parentheses");
    is($by->("project:site OR level:fatal AND browser:Firefox"), "SiteError",
       "AND before OR");
    is($by->("(project:site OR level:fatal) !project:site"), "PaymentError",
       "but for parentheses");
    is($by->("project:site", field => "count()"), "SiteError", "counted");
    is($by->("level:fatal OR project:site", field => "count()"),
       "PaymentError SiteError", "and so are some of two");
    is($by->("project:site"), "SiteError", "a project's slug");
    is($by->("project.id:$site"), "SiteError", "its number");
    is($by->("issue:$cart->{issue} transaction:/cart"),
       join(" ", ("ValueError") x 6), "an issue by its short id");
    is($by->("issue.id:$cart->{'issue.id'}"), join(" ", ("ValueError") x 6),
       "and its number");
    is($by->("id:$cart->{id}"), "ValueError", "an event by its id");
    is($by->("timestamp:>" . at($now - 45)), "a", "later than");
    is($by->("timestamp:-1h !level:info"),
       "SiteError " . join(" ", ("ValueError") x 6), "in the last hour");
    is($by->("", project => $site), "SiteError", "the parameter project");
    is($by->("", environment => "staging"), "PaymentError", "environment");
    is($by->("'; DROP TABLE events --"), "", "nothing becomes SQL");
    is($by->("tags[a'b{c}]:\"x'}\""), "", "not a tag's name either");

    my $asc = events(field => "title", field => "timestamp",
                     sort => "timestamp", per_page => 3);
    is($asc->{data}[0]{title}, "PaymentError: it's \"odd\"", "oldest first");
    is(scalar @{ $asc->{data} }, 3, "per_page");

    my $tags = events(field => "browser", field => "title",
                      sort => "-browser")->{data};
    is($tags->[0]{browser}, "Firefox", "in the order of a tag");
    is(events(field => "title", sort => "-user.id")->{data}[0]{title},
       "PaymentError: it's \"odd\"", "or of what is not shown");
};


subtest "events, in groups" => sub {
    my $groups = events(field => "title", field => "count()",
        field => "count_unique(user)", field => "last_seen()",
        field => "latest_event()", sort => "-count()");

    is_deeply([map { [@$_{qw(title count() count_unique(user))}] }
               @{ $groups->{data} }[0]],
              [["ValueError: no such cart", 6, 3]], "counted");
    is(scalar @{ $groups->{data} }, 4, "a row of each");
    is_number($groups->{data}[0]{"count()"}, "count()");
    like($groups->{data}[0]{"last_seen()"}, qr/^\d{4}-.*Z$/, "last_seen()");
    like($groups->{data}[0]{"latest_event()"}, qr/^[0-9a-f]{32}$/,
         "latest_event()");
    is($groups->{meta}{fields}{"count()"}, "integer", "of their types");
    is($groups->{meta}{fields}{"last_seen()"}, "date", "all of them");

    my $one = events(field => "count()")->{data};
    is_deeply($one, [{ "count()" => 9 }], "a function alone is one row");

    my $levels = events(field => "level", field => "count()",
                        sort => "-count")->{data};
    is_deeply($levels, [{ level => "error", "count()" => 7 },
                        { level => "fatal", "count()" => 1 },
                        { level => "info", "count()" => 1 }],
              "levels, from what counts them");

    my $more = events(field => "project", field => "count_unique(issue)",
        field => "count_if(level,equals,fatal)", field => "epm()",
        field => "count_if(browser,equals,Chrome)",
        field => "count_unique(browser)", field => "any(level)",
        sort => "project")->{data};
    is_deeply([map { $more->[0]{$_} } "project",
                   "count_unique(issue)", "count_unique(browser)",
                   "count_if(level,equals,fatal)",
                   "count_if(browser,equals,Chrome)"],
              ["shop", 3, 2, 1, 3], "functions of fields and tags");
    is_number($more->[0]{"epm()"}, "epm()");

    my $days = events(field => "timestamp.to_day", field => "count()",
                      statsPeriod => "14d");
    my $sum = 0;
    $sum += $_->{"count()"} for @{ $days->{data} };
    is($sum, 9, "days");
};


# An issue's events are asked of another table than those of a project.
subtest "an issue's events are what they are among all" => sub {
    my @fields = qw(id message received timestamp.to_hour timestamp.to_day
        issue project.id level environment release dist platform error.type
        error.value culprit transaction logger server_name);
    my @more = qw(id title timestamp trace sdk.name sdk.version user
        user.display user.id user.email user.username user.ip browser);
    my @functions = (qw(count() count_unique(user) count_unique(trace)
        any(trace) first_seen() last_seen() min(timestamp) max(timestamp)
        latest_event()), "count_if(level,equals,error)");
    my $id = events(field => "title", field => "issue.id",
                    query => "no such cart")->{data}[0]{"issue.id"};

    for my $list (\@fields, \@more, \@functions) {
        my @asked = ((map { (field => $_) } "issue.id", @$list),
                     sort => "-issue.id", @period, per_page => 100);
        my $all = fetch("organizations/$org/events/", @asked)->{data};
        my $own = fetch("organizations/$org/events/", @asked,
                        query => "issue.id:$id")->{data};

        is_deeply($own, [grep { $_->{"issue.id"} == $id } @$all],
                  "$list->[0], and so on");
        cmp_ok(scalar @$own, "<", scalar @$all, "not all of them");
        ok(@$own > 0 && !grep({ !exists $own->[0]{$_} } @$list),
           "with each of them");
    }
};


# What a storm leaves: a row that stands for many, without a body.
subtest "a storm is counted, and is no row" => sub {
    sql("INSERT INTO errortracking.ingest (kind, n, timestamp, "
        . "first_timestamp, project_id, fingerprint, event_id, users, level, "
        . "type, value, environment, release) SELECT 1, 1000, "
        . "now64(6) - 20, now64(6) - 40, $hidden, 77, generateUUIDv4(), "
        . "[101, 102, 103], 'error', 'StormError', 'x', 'production', 'r'");

    my $ask = sub {
        my $answer = call("/api/0/organizations/$org/" . shift() . "/?"
                          . query(@_, @period), token => $OTHER);
        is($answer->{status}, 200, "is answered") or diag($answer->{content});
        return $answer->{json};
    };

    is_deeply($ask->("events", field => "title", field => "count()",
                     field => "count_unique(user)", query => "Storm")->{data},
              [{ title => "StormError: x", "count()" => 1000,
                 "count_unique(user)" => 3 }], "occurrences and users");
    is_deeply($ask->("events", field => "level", field => "count()")->{data},
              [{ level => "error", "count()" => 1001 }],
              "from error_counts, too");
    is_deeply([map { $_->{title} } @{ $ask->("events", field => "title")
                                      ->{data} }],
              ["SecretError: hidden"], "rows are of events with a body");

    my $sum = 0;
    $sum += $_->[1][0]{count} for @{ $ask->("events-stats", interval => "1h",
                                            yAxis => "count()")->{data} };
    is($sum, 1001, "and so is a chart");
};


subtest "pages of events" => sub {
    my ($cursor, @seen, $n);

    do {
        my $answer = call("/api/0/organizations/$org/events/?"
            . query(field => "title", field => "id", per_page => 4, @period,
                    $cursor ? (cursor => $cursor) : ()));
        is($answer->{status}, 200, "a page");
        push @seen, map { $_->{id} } @{ $answer->{json}{data} };
        $answer->{headers}{link}
            =~ /rel="next"; results="(\w+)"; cursor="(.+?)"/
            or fail("no Link");
        $cursor = $1 eq "true" ? $2 : undef;
    } while ($cursor && $n++ < 5);

    my %ids = map { $_ => 1 } @seen;
    is(scalar @seen, 9, "all events");
    is(scalar keys %ids, 9, "each once");
};


# HandleEventsStats: without groups it asks events-timeseries.
sub timeseries {
    return fetch("organizations/$org/events-timeseries/", @_,
        dataset => "discover", query => "", excludeOther => 1,
        start => at($now - 6 * 3600) . "Z", end => at($now + 60) . "Z");
}


# ConvertTimeSeriesResponseToFrame: all series are as long as the first.
sub series {
    my ($answer) = @_;
    my %series;

    for my $one (@{ $answer->{timeSeries} }) {
        my $name = $one->{groupBy} ? join ",", map { $_->{value} }
                                              @{ $one->{groupBy} }
                 : $one->{meta}{isOther} ? "Other" : "";
        is(scalar @{ $one->{values} },
           scalar @{ $answer->{timeSeries}[0]{values} }, "equally long");
        is_number($_, "of $name") for @{ $one->{values}[0] }{qw(timestamp
                                                                value)};
        my $sum = 0;
        $sum += $_->{value} for @{ $one->{values} };
        $series{"$name: $one->{yAxis}"} = $sum;
    }

    return \%series;
}


subtest "a chart of events" => sub {
    my $one = timeseries(interval => 300, yAxis => "count()");
    is_deeply(series($one), { ": count()" => 9 }, "counted");
    my $values = $one->{timeSeries}[0]{values};
    is($values->[1]{timestamp} - $values->[0]{timestamp}, 300000,
       "a bucket each five minutes, in milliseconds");
    cmp_ok(scalar @$values, ">=", 72, "empty ones, too");
    is($one->{timeSeries}[0]{meta}{interval}, 300000, "meta.interval");
    is($one->{timeSeries}[0]{meta}{valueType}, "integer", "meta.valueType");
    is_number($one->{meta}{$_}, "meta.$_") for qw(start end);
    ok($values->[-1]{incomplete}, "the last one goes on");
    ok(!$values->[0]{incomplete}, "the first one does not");

    is_deeply(series(timeseries(interval => 3600, yAxis => "count()",
                                yAxis => "count_unique(user)",
                                query => "transaction:/cart")),
              { ": count()" => 6, ": count_unique(user)" => 3 },
              "two axes and a query") if strftime("%M", gmtime $now) > 7;

    my $groups = timeseries(interval => 3600, yAxis => "count()",
                            groupBy => "release", topEvents => 5,
                            sort => "-release");
    is_deeply(series($groups), { "shop\@1.1.0: count()" => 1,
                                 "shop\@1.0.0: count()" => 8 }, "groups");
    is($groups->{timeSeries}[0]{groupBy}[0]{value}, "shop\@1.1.0",
       "in the order that is asked for");
    is($groups->{timeSeries}[1]{meta}{order}, 1, "meta.order");

    is_deeply(series(timeseries(interval => 3600, yAxis => "count()",
                                groupBy => "title", topEvents => 1,
                                excludeOther => 0)),
              { "ValueError: no such cart: count()" => 6,
                "Other: count()" => 3 }, "the rest of the groups");

    my $small = timeseries(interval => 1, yAxis => "count()");
    is_deeply(series($small), { ": count()" => 9 }, "seconds");
    cmp_ok(scalar @{ $small->{timeSeries}[0]{values} }, "<=", 10000,
           "become as many buckets as can be shown");

    is_deeply(timeseries(interval => 300, yAxis => "count()",
                         query => "title:nothing")->{timeSeries}[0]{groupBy},
              undef, "nothing is a series of zeros");
};


# ... and with groups, for now, events-stats.
sub stats {
    return fetch("organizations/$org/events-stats/", @_, query => "",
        partial => 1, excludeOther => 1, interval => "5m",
        start => at($now - 6 * 3600), end => at($now + 60));
}


# extractLegacyDataSets
sub sets {
    my ($prefix, $raw) = @_;
    my %sets;

    if (exists $raw->{data}) {
        my $sum = 0;

        for (@{ $raw->{data} }) {
            is(ref $_->[1], "ARRAY", "a value is in a list")
                if ref $_->[1] ne "ARRAY";
            $sum += $_->[1][0]{count};
        }

        is_number($raw->{data}[0][$_ ? 0 : 0], "a time");
        return ($prefix => $sum);
    }

    for my $key (sort keys %$raw) {
        next if $key eq "order" || ref $raw->{$key} ne "HASH";
        %sets = (%sets, sets(length $prefix && length $key
                             ? "$prefix: $key" : $key, $raw->{$key}));
    }

    return %sets;
}


subtest "a chart of groups, as it was asked for long" => sub {
    is_deeply({ sets("", stats(yAxis => "count()", field => "count()",
                               topEvents => 10)) },
              { "" => 9 }, "one axis");

    my $two = stats(yAxis => "count()", yAxis => "epm()", field => "count()",
                    field => "epm()", topEvents => 10);
    is(join(" ", sort keys %$two), "count() epm()", "two axes");
    is($two->{"epm()"}{order}, 1, "in their order");

    my %top = sets("", stats(yAxis => "count()", field => "count()",
        field => "title", topEvents => 2, sort => "-count()"));
    is($top{"ValueError: no such cart"}, 6, "the group that comes first");
    is(scalar keys %top, 2, "and another, without the rest");

    my %both = sets("", stats(yAxis => "count()", yAxis => "epm()",
        field => "count()", field => "epm()", field => "level",
        field => "environment", topEvents => 5, sort => "-count()"));
    is($both{"error,production: count()"}, 7, "groups of several axes");
    is($both{"fatal,staging: count()"}, 1, "of two fields");

    my $single = stats(yAxis => "count()", interval => "1h");
    is($single->{data}[1][0] - $single->{data}[0][0], 3600, "seconds");
    is_number($single->{$_}, $_) for qw(start end);
};


# ConvertStatsV2ResponseToFrame
subtest "what became of what was sent" => sub {
    ok(until_true(sub {
        sql("SELECT sum(n) FROM errortracking.outcomes WHERE project_id = "
            . "$shop AND outcome = 'accepted'") == 8
    }), "outcomes are stored");

    my $stats = sub {
        return fetch("organizations/$org/stats_v2/", @_, @period,
                     interval => "1h");
    };
    my $all = $stats->(field => "sum(quantity)", category => "error",
                       groupBy => "outcome", groupBy => "category");

    is(scalar @{ $all->{groups} }, 1, "one group");
    my ($group) = @{ $all->{groups} };
    is_deeply($group->{by}, { outcome => "accepted", category => "error" },
              "by");
    is_deeply($group->{totals}, { "sum(quantity)" => 9 }, "totals");
    is(scalar @{ $group->{series}{"sum(quantity)"} },
       scalar @{ $all->{intervals} }, "a value each interval");
    like($_, qr/^\d{4}-\d\d-\d\dT\d\d:00:00Z$/, "times are RFC 3339")
        for $all->{start}, $all->{end}, $all->{intervals}[0];

    my $both = $stats->(field => "sum(quantity)", field => "sum(times_seen)",
                        category => "error", category => "session",
                        outcome => "accepted", outcome => "filtered",
                        groupBy => "project", project => $site);
    is_deeply([map { [$_->{by}, $_->{totals}] } @{ $both->{groups} }],
              [[{ project => $site }, { "sum(quantity)" => 1,
                                        "sum(times_seen)" => 1 }]],
              "of some categories, outcomes and projects");
    is_deeply($stats->(field => "sum(quantity)", category => "error",
                       outcome => "invalid")->{groups}, [], "none");
    is(scalar @{ $stats->(field => "sum(quantity)", category => "error",
                          reason => "x'y")->{groups} }, 0, "a reason");
};


subtest "what is wrong is said, in the detail" => sub {
    my %wrong = (
        "events/?" . query(@period) => qr/field is missing/,
        "events/?" . query(field => "p95(transaction.duration)")
            => qr/function/,
        "events/?" . query(field => "count(x)") => qr/no argument/,
        "events/?" . query(field => "count_if(level,is,x)") => qr/operator/,
        "events/?" . query(field => "equation|count()/2") => qr/quation/,
        "events/?" . query(field => "id", sort => "-count()", dataset => "x")
            => qr/dataset/,
        "events/?" . query(field => "count()", sort => "title") => qr/sort/,
        "events/?" . query(field => "id", query => "is:unresolved") => qr/is:/,
        "events/?" . query(field => "id", query => "id:x") => qr/id:/,
        "events/?" . query(field => "id", query => "level:x OR") => qr/OR/,
        "events/?" . query(field => "id", query => "has:[a, b]") => qr/has:/,
        "events/?" . query(field => "id", query => "boom OR level:x") => qr/OR/,
        "events/?" . query(field => "id", query => "a:x OR b:x boom")
            => qr/message:\*text\*/,
        "events/?" . query(field => "id", query => "(level:x OR level:y")
            => qr/parenthesis/,
        "events/?" . query(field => "id", query => "level:\"x")
            => qr/quote/,
        "events/?" . query(field => "id", query => "issue:x") => qr/issue/,
        "events/?" . query(field => "id", query => "timestamp:x")
            => qr/timestamp/,
        "events/?" . query(field => "id", per_page => 101) => qr/per_page/,
        "events/?" . query(field => "id", cursor => "x") => qr/cursor/,
        "events/?" . query(field => "id", start => "x") => qr/start/,
        "events/?" . query(field => "id", start => at($now),
                           end => at($now - 9)) => qr/before/,
        "events/?" . query(map { (field => "f$_") } 1 .. 21) => qr/20/,
        "events-stats/?" . query(yAxis => "title") => qr/yAxis/,
        "events-stats/?" . query(yAxis => "last_seen()") => qr/yAxis/,
        "events-stats/?" . query(interval => "x") => qr/interval/,
        "events-timeseries/?" . query(topEvents => 11) => qr/topEvents/,
        "stats_v2/?" . query(field => "x") => qr/field/,
        "stats_v2/?" . query(groupBy => "x") => qr/groupBy/,
        "stats_v2/?" . query(interval => "1m", statsPeriod => "14d")
            => qr/intervals/,
    );

    for (sort keys %wrong) {
        my $answer = call("/api/0/organizations/$org/$_");
        is($answer->{status}, 400, $_);
        like($answer->{json}{detail}, $wrong{$_}, "says what");
    }

    is(call("/api/0/organizations/$org/events/?"
            . query(field => "id", project => $hidden))->{status}, 403,
       "another's project: 403");
    is(call("/api/0/organizations/nobody-$org/events/?field=id")->{status},
       404, "no such organization: 404");
    is_deeply([map { $_->{title} } @{ call("/api/0/organizations/$org/events/?"
                . query(field => "title", @period), token => $OTHER)
                ->{json}{data} }],
              ["SecretError: hidden"], "another token sees its own");

    for my $bad ("'", "{x:String}", "\\", "\xc3\xa4", "a\tb\nc", "x" x 200) {
        for my $url ("events/?" . query(field => $bad, field => "id", @period),
                     "events/?" . query(field => "count_unique($bad)", @period),
                     "events/?" . query(field => "count_if($bad,equals,$bad)",
                                        @period),
                     "events/?" . query(field => "id", query => $bad, @period),
                     "events/?" . query(field => "id", @period,
                                        query => "\"$bad\":$bad*"),
                     "events-stats/?" . query(yAxis => "count()", @period,
                         topEvents => 2, field => $bad))
        {
            my $answer = call("/api/0/organizations/$org/$url");
            ok($answer->{status} == 200
               || (length $bad > 190 && $answer->{status} == 400),
               substr $url, 0, 60) or diag($answer->{status},
                                           $answer->{content});
        }
    }
};


ok($nginx->quit, "QUIT ends nginx in good order");
$nginx->no_alerts;
done_testing();
