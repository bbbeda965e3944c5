#!/usr/bin/perl
#
# Sentry's web API beside issues and events: tags, release health,
# attachments, monitors, user feedback.  What is read was sent as SDKs send it,
# through this NGINX, into a real ClickHouse.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

use Digest::MD5 qw(md5_hex);
use ET;
use ET::Read;
use ET::Server;
use JSON::PP;
use POSIX qw(strftime);
use Test::More;
use Time::HiRes qw(time);

my $TOKEN = "sntrys_a-token-of-two-projects";
my $NARROW = "sntrys_a-token-without-scopes";
my ($shop, $site, $hidden) = map { $PROJECT + $_ } 1 .. 3;
my $org = "parts-$PROJECT";

ET::write_file($ET::KEYS, join "", map { $PROJECT + $_ . " $KEY\n" } 1 .. 3);
ET::write_file("$ET::DIR/tokens",
    "$TOKEN org:read,project:read,event:read $shop,$site\n"
    . "$NARROW alerts:read $shop,$site\n");

my $nginx = ET::Server->start("parts", locations => sentry_api() . query_location());

my $now = time();


sub query {
    my (@pairs) = @_;
    my @parts;

    while (my ($name, $value) = splice @pairs, 0, 2) {
        push @parts, "$name=" . encoded($value);
    }

    return join "&", @parts;
}


sub call {
    my ($path, %has) = @_;

    my $answer = $nginx->request($has{method} || "GET", "/api/0/$path",
        { headers => { Authorization => "Bearer "
                                        . ($has{token} || $TOKEN) } });

    $answer->{json} = eval {
        JSON::PP->new->utf8->allow_nonref->decode($answer->{content});
    } if ($answer->{headers}{"content-type"} || "") eq "application/json";

    return $answer;
}


sub get {
    my ($path, @pairs) = @_;
    my $url = $path . (@pairs ? "?" . query(@pairs) : "");
    my $answer = call($url);

    is($answer->{status}, 200, $url) or diag($answer->{content});
    return $answer->{json};
}


sub next_cursor {
    my ($answer) = @_;
    return ($answer->{headers}{link} || "")
           =~ /rel="next"; results="true"; cursor="(.+?)"/ ? $1 : undef;
}


sub send_event {
    my ($project, $ago, %has) = @_;
    my $id = new_id();

    is($nginx->post(JSON::PP->new->encode({
           event_id => $id, timestamp => $now - $ago,
           platform => "python", environment => "production",
           release => "shop\@1.0.0", level => "error", %has }), $project),
       200, "an event is accepted");

    return $id;
}


sub send_items {
    my ($project, @items) = @_;

    is($nginx->send(envelope("{}", @items), $project, $KEY, "envelope")
       ->{status}, 200, "an envelope is accepted");
}


my @browsers = ("Chrome", "Chrome", "Chrome", "Firefox", "Safari \"x\"");

send_event($shop, 60 * $_, tags => { browser => $browsers[$_],
                                     "build_no" => "b$_" },
           user => { id => "u" . $_ % 2, email => "u\@example.com" },
           exception => { values => [{ type => "TaggedError",
                                       value => "v" }] }) for 0 .. 4;
send_event($shop, 7200, tags => { browser => "Opera", other => "x" },
           exception => { values => [{ type => "OtherError",
                                       value => "v" }] });
send_event($site, 60, tags => { browser => "Edge" },
           exception => { values => [{ type => "TaggedError",
                                       value => "v" }] });
send_event($hidden, 60, tags => { browser => "Secret" },
           exception => { values => [{ type => "TaggedError",
                                       value => "v" }] });

sql("INSERT INTO errortracking.projects (project_id, organization, slug, name) "
    . "VALUES ($shop, '$org', 'shop', 'The shop'), ($site, '$org', 'site', "
    . "'The site'), ($hidden, '$org', 'hidden', 'Hidden')");
$nginx->drained;
ok(until_true(sub {
    sql("SELECT count() FROM errortracking.events WHERE project_id IN "
        . "($shop, $site, $hidden)") == 8
    && sql("SELECT sum(n) FROM errortracking.error_tags WHERE key = 'browser' "
           . "AND project_id IN ($shop, $site, $hidden)") == 8
    && sql("SELECT sum(n) FROM errortracking.errors WHERE project_id IN "
           . "($shop, $site, $hidden)") == 8
}), "the events are stored");

my $issue = get("organizations/$org/events/", field => "issue.id",
                field => "count()", project => $shop, sort => "-count()")
            ->{data}[0]{"issue.id"};


subtest "an issue's tags" => sub {
    my $tags = get("issues/$issue/tags/");
    my %by = map { $_->{key} => $_ } @$tags;

    is(join(" ", sort keys %by), "browser build_no environment level release",
       "each tag, and the fields that are one");
    is_deeply([map { [$_->{value}, $_->{count}] }
               @{ $by{browser}{topValues} }],
              [["Chrome", 3], ["Firefox", 1], ["Safari \"x\"", 1]],
              "its values, the most frequent first");
    is($by{browser}{totalValues}, 5, "totalValues");
    is($by{browser}{uniqueValues}, 3, "uniqueValues");
    is($by{build_no}{name}, "Build No", "name");
    like($by{browser}{topValues}[0]{$_}, qr/^\d{4}-\d\d-\d\dT.*Z$/, $_)
        for qw(firstSeen lastSeen);
    is($by{browser}{topValues}[2]{query}, "browser:\"Safari \\\"x\\\"\"",
       "what finds it again");
    is(scalar @{ get("organizations/$org/events/", field => "id",
                     project => $shop,
                     query => $by{browser}{topValues}[2]{query})->{data} }, 1,
       "does");

    is_deeply(get("issues/$issue/tags/browser/"), $by{browser}, "one of them");
    is_deeply(get("organizations/$org/issues/$issue/tags/browser/"),
              $by{browser}, "by the organization's path");
    is_deeply(get("organizations/$org/issues/$issue/tags/"), $tags,
              "all of them, too");
    is(call("issues/$issue/tags/nothing/")->{status}, 404, "no such tag");
    is(call("issues/1/tags/")->{status}, 404, "no such issue");
    is(call("issues/$issue/tags/", token => $NARROW)->{status}, 403,
       "no scope");

    my $user = get("issues/$issue/tags/user/");
    is_deeply([map { [$_->{value}, $_->{identifier}, $_->{email}] }
               @{ $user->{topValues} }],
              [["id:u0", "u0", undef], ["id:u1", "u1", undef]],
              "users are a tag by their name");
};


subtest "a tag's values" => sub {
    my $values = sub {
        my ($path, @more) = @_;
        return join " ", map { "$_->{value}:$_->{count}" }
               @{ get("$path/tags/browser/values/", @more) };
    };

    is($values->("issues/$issue", sort => "count"),
       "Chrome:3 Firefox:1 Safari \"x\":1", "of an issue");
    like($values->("organizations/$org/issues/$issue"), qr/^Chrome:3/,
         "those seen last first");
    is($values->("issues/$issue", query => "FOX"), "Firefox:1", "with a text");
    is($values->("projects/$org/shop", sort => "count"),
       "Chrome:3 Firefox:1 Opera:1 Safari \"x\":1", "of a project");
    is($values->("organizations/$org", sort => "-count"),
       "Chrome:3 Edge:1 Firefox:1 Opera:1 Safari \"x\":1",
       "of an organization, which is what the token sees");
    is($values->("organizations/$org", project => $site), "Edge:1",
       "of one of its projects");
    is($values->("projects/$org/shop", statsPeriod => "1h", sort => "count"),
       "Chrome:3 Firefox:1 Safari \"x\":1", "of the last hour");
    is(scalar @{ get("issues/$issue/tags/user/values/") }, 2, "of users");

    my (@seen, $cursor);

    do {
        my $answer = call("issues/$issue/tags/browser/values/?per_page=2"
                          . ($cursor ? "&cursor=$cursor" : ""));
        push @seen, map { $_->{value} } @{ $answer->{json} };
        $cursor = next_cursor($answer);
    } while ($cursor && @seen < 10);

    is(scalar @seen, 3, "page by page");
};


subtest "tags of a project, and of an organization" => sub {
    my ($browser) = grep { $_->{key} eq "browser" }
                    @{ get("projects/$org/shop/tags/") };
    is_deeply($browser, { key => "browser", name => "Browser",
                          totalValues => 6, uniqueValues => 4,
                          canDelete => JSON::PP::false }, "of a project");

    my %all = map { $_->{key} => $_->{totalValues} }
              @{ get("organizations/$org/tags/") };
    is($all{browser}, 7, "of an organization");
    is($all{other}, 1, "all of them");
    is(call("projects/$org/hidden/tags/")->{status}, 404,
       "another's project is not there");
};


sub session {
    my ($project, $release, $status, %has) = @_;

    send_items($project, ["session", JSON::PP->new->encode({
        sid => join("-", unpack "A8 A4 A4 A4 A12", new_id()),
        init => JSON::PP::true,
        started => strftime("%Y-%m-%dT%H:%M:%SZ", gmtime $now - 600),
        status => $status, errors => $status eq "ok" ? 0 : 1,
        did => $has{user} || "u1",
        defined $has{duration} ? (duration => $has{duration}) : (),
        attrs => { release => $release,
                   environment => $has{environment} || "production" } })]);
}


subtest "release health" => sub {
    session($shop, "shop\@1.0.0", "ok", user => "u$_", duration => $_)
        for 1 .. 6;
    session($shop, "shop\@1.0.0", "crashed", user => "u1");
    session($shop, "shop\@1.0.0", "exited", user => "u7");
    session($shop, "shop\@2.0.0", "abnormal", user => "u8",
            environment => "staging");
    session($site, "site\@1.0.0", "ok", user => "u9");
    session($hidden, "hidden\@1.0.0", "crashed", user => "u9");
    $nginx->drained;
    ok(until_true(sub { sql("SELECT count() FROM errortracking.sessions "
        . "WHERE project_id IN ($shop, $site, $hidden)") == 11 }),
       "sessions are stored");

    my $sessions = sub {
        return get("organizations/$org/sessions/", @_, statsPeriod => "24h",
                   interval => "1h");
    };
    my $totals = sub {
        return [map { [$_->{by}, $_->{totals}] } @{ $sessions->(@_)
                                                    ->{groups} }];
    };

    my $all = $sessions->(field => "sum(session)",
                          field => "count_unique(user)",
                          field => "crash_rate(session)",
                          field => "crash_free_rate(session)",
                          field => "crash_free_rate(user)",
                          field => "p50(session.duration)",
                          field => "max(session.duration)");
    is(scalar @{ $all->{groups} }, 1, "one group");
    is_deeply($all->{groups}[0]{by}, {}, "of all");
    my $t = $all->{groups}[0]{totals};
    is($t->{"sum(session)"}, 10, "sum(session)");
    is($t->{"count_unique(user)"}, 9, "count_unique(user)");
    is($t->{"crash_rate(session)"}, 0.1, "crash_rate(session)");
    is($t->{"crash_free_rate(session)"}, 0.9, "crash_free_rate(session)");
    cmp_ok(abs($t->{"crash_free_rate(user)"} - 8 / 9), "<", 1e-6,
           "crash_free_rate(user)");
    is($t->{"p50(session.duration)"}, 3500, "durations are in milliseconds");
    is($t->{"max(session.duration)"}, 6000, "the longest");

    my $series = $all->{groups}[0]{series};
    is(scalar @{ $series->{$_} }, scalar @{ $all->{intervals} },
       "$_: a value each interval") for sort keys %$series;
    my $sum = 0;
    $sum += $_ for @{ $series->{"sum(session)"} };
    is($sum, 10, "which come to the total");
    is($series->{"crash_rate(session)"}[0], undef,
       "nothing has no rate, but null");
    like($all->{$_}, qr/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/, $_)
        for qw(start end);

    is_deeply($totals->(field => "sum(session)", groupBy => "release",
                        orderBy => "-sum(session)"),
              [[{ release => "shop\@1.0.0" }, { "sum(session)" => 8 }],
               [{ release => "shop\@2.0.0" }, { "sum(session)" => 1 }],
               [{ release => "site\@1.0.0" }, { "sum(session)" => 1 }]],
              "of releases");
    is_deeply($totals->(field => "crash_free_rate(session)",
                        groupBy => "release", per_page => 1,
                        orderBy => "crash_free_rate(session)"),
              [[{ release => "shop\@1.0.0" },
                { "crash_free_rate(session)" => 0.875 }]],
              "the worst of them");
    is_deeply($totals->(field => "sum(session)", groupBy => "session.status",
                        project => $shop),
              [[{ "session.status" => "healthy" }, { "sum(session)" => 6 }],
               [{ "session.status" => "errored" }, { "sum(session)" => 1 }],
               [{ "session.status" => "crashed" }, { "sum(session)" => 1 }],
               [{ "session.status" => "abnormal" }, { "sum(session)" => 1 }]],
              "of statuses");
    is_deeply($totals->(field => "sum(session)", groupBy => "project",
                        groupBy => "environment"),
              [[{ project => $shop, environment => "production" },
                { "sum(session)" => 8 }],
               [{ project => $shop, environment => "staging" },
                { "sum(session)" => 1 }],
               [{ project => $site, environment => "production" },
                { "sum(session)" => 1 }]], "of projects and environments");
    is_deeply($totals->(field => "sum(session)",
                        query => "session.status:[crashed, abnormal]"),
              [[{}, { "sum(session)" => 2 }]], "a query about the status");
    is_deeply($totals->(field => "count_unique(user)",
                        query => "release:shop\@* !environment:staging"),
              [[{}, { "count_unique(user)" => 7 }]],
              "about releases and environments");
    is_deeply($totals->(field => "sum(session)", environment => "staging"),
              [[{}, { "sum(session)" => 1 }]], "environment");
    is_deeply($sessions->(field => "sum(session)", includeSeries => 0)
              ->{groups}[0]{series}, {}, "no series");

    for (["field=x", "field"], ["", "field"], ["field=sum(session)&interval=1s",
         "interval"], ["field=sum(session)&groupBy=x", "groupBy"],
         ["field=crash_rate(session)&groupBy=session.status", "status"],
         ["field=sum(session)&query=x", "query"],
         ["field=sum(session)&query=level:x", "query"],
         ["field=sum(session)&orderBy=x", "orderBy"],
         ["field=sum(session)&query=session.status:x", "status"])
    {
        my $answer = call("organizations/$org/sessions/?$_->[0]");
        is($answer->{status}, 400, $_->[0]);
        like($answer->{json}{detail}, qr/\Q$_->[1]\E/, "says what is wrong");
    }
};


subtest "attachments" => sub {
    my $id = new_id();
    my $large = join "", map { pack "N", $_ * 2654435761 % 2 ** 32 }
                         1 .. 1_300_000;
    my $name = "../\xc3\xa4 \\\"b\\\";\\r\\nX: y\\u0007.txt";

    is($nginx->send(envelope("{\"event_id\":\"$id\"}", event(id => $id),
           ["attachment\",\"filename\":\"$name\",\"content_type\":"
            . "\"text/html", "<script>\0\xff"],
           ["attachment\",\"filename\":\"large.bin", $large],
           ["attachment\",\"filename\":\"empty", ""]),
           $shop, $KEY, "envelope")->{status}, 200, "are accepted");
    $nginx->drained;
    ok(until_true(sub { sql("SELECT count() FROM errortracking."
        . "attachments_list WHERE project_id = $shop AND complete") == 3 }),
       "and stored");

    my $list = get("projects/$org/shop/events/$id/attachments/");
    is(scalar @$list, 3, "are listed");
    my ($html) = grep { $_->{mimetype} eq "text/html" } @$list;
    my ($file) = grep { $_->{name} eq "large.bin" } @$list;
    my ($empty) = grep { $_->{name} eq "empty" } @$list;

    is($file->{size}, length $large, "size");
    like($file->{id}, qr/^\d+$/, "id is digits");
    is($html->{headers}{"Content-Type"}, "text/html", "headers");
    is($file->{type}, "event.attachment", "type");
    is($file->{event_id}, $id, "event_id");
    is_deeply(get("projects/$org/shop/events/$id/attachments/$file->{id}/"),
              $file, "one of them");

    my $download = sub {
        my $answer = call("projects/$org/shop/events/$id/attachments/"
                          . "$_[0]->{id}/?download");
        is($answer->{status}, 200, "a download") or diag($answer->{content});
        is($answer->{headers}{"content-type"}, "application/octet-stream",
           "is of no type that a browser shows");
        is($answer->{headers}{"x-content-type-options"}, "nosniff",
           "and says not to guess one");
        return $answer;
    };

    is(md5_hex($download->($file)->{content}), md5_hex($large),
       "the bytes are the file's, all chunks of it");
    is($download->($empty)->{content}, "", "of an empty one, too");

    my $answer = $download->($html);
    is($answer->{content}, "<script>\0\xff", "whatever they are");
    like($answer->{headers}{"content-disposition"},
         qr/^attachment;\ filename="[^"\x00-\x1f]+";
            \ filename\*=UTF-8''[\w.%~-]+$/x,
         "the name is safe");
    unlike($answer->{headers}{"content-disposition"}, qr{\.\.|/|\\},
           "and names no folder");

    is(call("projects/$org/shop/events/$id/attachments/1/")->{status}, 404,
       "no such attachment");
    is(call("projects/$org/shop/events/x/attachments/")->{status}, 404,
       "no such event");
    is(call("projects/$org/site/events/$id/attachments/$file->{id}/?download")
       ->{status}, 404, "not of another project");
    is_deeply(get("projects/$org/shop/events/" . new_id() . "/attachments/"),
              [], "none");
    is(call("projects/$org/shop/events/$id/attachments/$file->{id}/?download",
            method => "HEAD")->{headers}{"content-length"}, length $large,
       "HEAD");
};


subtest "monitors" => sub {
    my $every = "\"monitor_config\":{\"schedule\":{\"type\":\"interval\","
                . "\"value\":1,\"unit\":\"hour\"},\"max_runtime\":7,"
                . "\"checkin_margin\":3,\"timezone\":\"Europe/Vienna\"}";
    my $cron = "\"monitor_config\":{\"schedule\":{\"type\":\"crontab\","
               . "\"value\":\"0 * * * *\"}}";
    my $check_in = sub {
        my ($slug, $status, $more, $id) = @_;
        send_items($shop, ["check_in", "{\"check_in_id\":\""
            . ($id || new_id()) . "\",\"monitor_slug\":\"$slug\","
            . "\"status\":\"$status\",\"environment\":\"prod\",$more}"]);
    };
    my $id = new_id();

    $check_in->("hourly", "in_progress", $every, $id);
    $check_in->("hourly", "ok", "\"duration\":2.5,$every", $id);
    $check_in->("broken", "error", $cron);
    # the same table, hours ago
    sql("INSERT INTO errortracking.ingest (kind, n, timestamp, project_id, "
        . "event_id, transaction, level, environment, attributes) SELECT 5, "
        . "1, now64(6) - $_->[0], $shop, generateUUIDv4(), '$_->[1]', "
        . "'$_->[2]', 'prod', map('expected', "
        . "toString(toUnixTimestamp(now()) - $_->[3]), 'margin', '5', "
        . "'schedule_type', 'interval', 'schedule', '1', 'schedule_unit', "
        . "'hour')")
        for ([7200, "late", "ok", 3600], [7200, "hung", "in_progress", -3600],
             [18000, "gap", "ok", 14400], [3600, "gap", "ok", -60]);
    $nginx->drained;
    ok(until_true(sub { sql("SELECT count() FROM errortracking.monitors "
        . "WHERE project_id = $shop AND last_status != 'in_progress'") == 5 }),
       "check-ins are stored");

    my %by = map { $_->{slug} => $_ }
             @{ get("organizations/$org/monitors/", project => $shop) };
    is(join(" ", sort keys %by), "broken gap hourly hung late", "are listed");
    is_deeply({ map { $_ => $by{$_}{environments}[0]{status} } keys %by },
              { broken => "error", gap => "ok", hourly => "ok",
                hung => "timeout", late => "missed" }, "each with its status");
    is_deeply($by{hourly}{config}, { schedule_type => "interval",
              schedule => [1, "hour"], checkin_margin => 3,
              max_runtime => 7, timezone => "Europe/Vienna" },
              "and its schedule");
    is($by{broken}{config}{schedule}, "0 * * * *", "a crontab is a text");
    is($by{hourly}{project}{slug}, "shop", "its project");
    is($by{hourly}{environments}[0]{name}, "prod", "its environments");
    like($by{hourly}{environments}[0]{$_}, qr/^\d{4}-.*Z$/, $_)
        for qw(lastCheckIn nextCheckIn nextCheckInLatest);

    is_deeply(get("organizations/$org/monitors/hourly/"), $by{hourly},
              "one of them");
    is_deeply(get("projects/$org/shop/monitors/hourly/"), $by{hourly},
              "by the project's path");
    is(call("organizations/$org/monitors/nothing/")->{status}, 404,
       "no such monitor");
    is(scalar @{ get("organizations/$org/monitors/", environment => "dev") },
       0, "environment");

    my $checkins = sub {
        return get("organizations/$org/monitors/$_[0]/checkins/");
    };
    my ($done) = @{ $checkins->("hourly") };
    $id =~ tr/-//d;
    is($done->{id}, $id, "a check-in");
    is($done->{status}, "ok", "status");
    is($done->{duration}, 2500, "duration, in milliseconds");
    is($checkins->("broken")->[0]{status}, "error", "error");
    is($checkins->("hung")->[0]{status}, "timeout", "timeout");
    is_deeply([map { $_->{status} } @{ $checkins->("late") }],
              ["missed", "ok"], "missed, as nothing came");
    is_deeply([map { $_->{status} } @{ $checkins->("gap") }],
              ["ok", "missed", "ok"], "and missed between two");
    like($_->{id}, qr/^[0-9a-f]{32}$/, "id") for @{ $checkins->("gap") };
    is_deeply(get("projects/$org/shop/monitors/gap/checkins/"),
              $checkins->("gap"), "by the project's path");
    is(scalar @{ get("organizations/$org/monitors/gap/checkins/",
                     statsPeriod => "2h") }, 1, "of a period");

    my $page = call("organizations/$org/monitors/gap/checkins/?per_page=2");
    is(scalar @{ $page->{json} }, 2, "a page");
    is(scalar @{ get("organizations/$org/monitors/gap/checkins/",
                     per_page => 2, cursor => next_cursor($page)) }, 1,
       "and the next");
};


subtest "user feedback" => sub {
    my $event = send_event($shop, 5, message => "something");
    $nginx->drained;

    send_items($shop, ["user_report", "{\"event_id\":\"$event\",\"name\":"
        . "\"Ann\",\"email\":\"ann\@example.com\",\"comments\":\"It broke "
        . "\\\"again\\\"\"}"]);
    $nginx->drained;
    ok(until_true(sub { sql("SELECT count() FROM errortracking.feedback "
        . "WHERE project_id = $shop") == 1
        && sql("SELECT count() FROM errortracking.events WHERE event_id = "
               . "'$event'") == 1 }), "is stored");

    my $list = get("projects/$org/shop/user-feedback/");
    is(scalar @$list, 1, "is listed");
    is($list->[0]{comments}, "It broke \"again\"", "comments");
    is($list->[0]{name}, "Ann", "name");
    is($list->[0]{email}, "ann\@example.com", "email");
    is($list->[0]{eventID}, $event =~ tr/-//dr, "eventID");
    like($list->[0]{issue}{shortId}, qr/^SHOP-/, "its issue");
    is_deeply(get("projects/$org/site/user-feedback/"), [], "none");
    is(call("projects/$org/shop/user-feedback/", token => $NARROW)->{status},
       403, "no scope");
};


ok($nginx->quit, "QUIT ends nginx in good order");
$nginx->no_alerts;
done_testing();
