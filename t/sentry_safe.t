#!/usr/bin/perl
#
# Sentry's web API under attack: a token of one project reads and changes no
# other in any call, and no parameter, path or body with quotes, braces, SQL,
# NUL, bytes that are no UTF-8, or thousands of characters, is more than a
# refusal.
#
# The operations, and the names of their parameters, are those of the source:
# a new one is asked here, too.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

use ET;
use ET::Read;
use ET::Server;
use JSON::PP;
use Test::More;
use Time::HiRes qw(time);

my $OWN = "a-token-of-one-project-alone";
my $OTHER = "a-token-of-the-other-project";
my $LITTLE = "a-token-with-a-scope-that-is-no-use";
my $READER = "a-token-that-only-reads";
my $MARK = "hidden" . int rand 1e9;

my ($own, $other) = ($PROJECT + 1, $PROJECT + 2);

ET::write_file($ET::KEYS, "$own $KEY\n$other $KEY2\n");
ET::write_file("$ET::DIR/tokens", "$OWN * $own\n$OTHER * $other\n"
    . "$LITTLE member:read $own\n"
    . "$READER org:read,project:read,event:read,alerts:read $own\n");

my $nginx = ET::Server->start("safe", locations => <<"_EOC_");
        large_client_header_buffers 4 256k;

@{[sentry_api(qq(errortracking_keys $ET::KEYS;))]}

@{[query_location()]}
_EOC_


sub source {
    my ($name) = @_;

    open my $fh, "<", $name or die "open $name: $!";
    local $/;
    return <$fh>;
}


# [name, method, path]
my @operations;

{
    my $text = source("$ET::TOP/src/read/et_sentry.c");
    push @operations, [$1, $2, $3, $4 eq "ET_SCOPE_ANY"]
        while $text =~ /\{\s"(\w+)",\s+ET_VERB_(\w+),\s+"([^"]+)",
                        \s+\w+,\s+([^}]+?)\s*\}/gx;
}

my %parameters = map { $_ => 1 } qw(id project query);

for my $file (glob "$ET::TOP/src/read/*.c") {
    my $text = source($file);
    $parameters{$1} = 1 while $text =~
        /et_(?:params_\w+\(&call->params|call_\w+\(call),\s*"(\w+)"/g;
}


sub call {
    my ($method, $path, $token, $content) = @_;

    return $nginx->request($method, $path,
        { headers => { Authorization => "Bearer $token",
                       "Content-Type" => "application/json" },
          defined $content ? (content => $content) : () });
}


# Answered, or refused: what is not implemented is refused, too.
sub refused {
    my ($answer) = @_;

    return $answer->{status} < 500 || $answer->{status} == 501;
}


# One event of everything that is kept.
sub fill {
    my ($project, $key, $mark) = @_;
    my $id = new_id();
    my $session = new_id();
    my $now = time();

    my $body = envelope("{\"event_id\":\"$id\"}",
        JSON::PP->new->utf8->encode({ event_id => $id, timestamp => $now,
            platform => "python", release => "$mark\@1.0", dist => $mark,
            environment => $mark, transaction => $mark, logger => $mark,
            server_name => $mark, tags => { $mark => $mark },
            user => { id => $mark, email => "$mark\@example.com" },
            exception => { values => [ { type => $mark, value => $mark,
                stacktrace => { frames => [ { function => $mark,
                    module => $mark, lineno => 1, in_app => \1 } ] } } ] } }),
        ["session", JSON::PP->new->utf8->encode({ sid => $session,
            did => $mark, started => "2026-01-01T00:00:00Z", init => \1,
            status => "ok", attrs => { release => "$mark\@1.0",
                                       environment => $mark } })],
        ["check_in", JSON::PP->new->utf8->encode({
            check_in_id => new_id(), monitor_slug => $mark, status => "ok",
            environment => $mark })],
        ["attachment", $mark]);
    my $status = $nginx->post($body, $project, $key, "envelope");

    is($status, 200, "everything of $project is accepted");

    sql("INSERT INTO errortracking.projects (project_id, name) "
        . "VALUES ($project, '$mark')");

    return $id;
}


my $event_own = fill($own, $KEY, "mine");
my $event = fill($other, $KEY2, $MARK);

for my $project ($own, $other) {
    until_true {
        sql("SELECT count() FROM errortracking.errors "
            . "WHERE project_id = $project") > 0
        && sql("SELECT count() FROM errortracking.error_tags "
               . "WHERE project_id = $project") > 0
        && sql("SELECT count() FROM errortracking.attachments "
               . "WHERE project_id = $project") > 0
        && sql("SELECT count() FROM errortracking.check_ins "
               . "WHERE project_id = $project") > 0 };
}

my ($issue) = map { $_->{id} } @{ decode_json(
    call("GET", "/api/0/projects/o/$other/issues/", $OTHER)->{content}) };
my ($issue_own) = map { $_->{id} } @{ decode_json(
    call("GET", "/api/0/projects/o/$own/issues/", $OWN)->{content}) };

ok($issue && $issue_own, "each has an issue");


# What stands for a path's "*", by what is before it.
sub path {
    my ($pattern, $project, $issue, $event, $mark) = @_;
    my @path;

    for (split m{/}, $pattern) {
        if ($_ ne "*") {
            push @path, $_;
            next;
        }

        my $before = $path[-1];
        push @path, @path > 1 && $path[-2] eq "projects" ? $project
            : $before eq "organizations" || $before eq "projects" ? "o"
            : $before =~ /^(?:issues|groups|shortids)$/ ? $issue
            : $before =~ /^event(?:s|ids)$/ ? $event
            : $before eq "releases" ? encoded("$mark\@1.0")
            : $mark;
    }

    return "/" . join("/", @path) . "/";
}


my %bodies = (
    PUT => '{"status":"resolved","assignedTo":"me","dateReleased":'
           . '"2026-01-01T00:00:00Z","name":"x","environment":"x"}',
    POST => '{"version":"' . $MARK . '@1.0","projects":["' . $other
            . '"],"environment":"x","name":"x","dateReleased":'
            . '"2026-01-01T00:00:00Z"}',
);


# All that is kept of a project, as one number for each table.
sub all_of {
    my ($project) = @_;
    my @tables = map { [split /\t/] } split /\n/,
        sql("SELECT name, engine = 'MergeTree' ? '' : 'FINAL' FROM "
            . "system.tables WHERE database = 'errortracking' AND engine LIKE "
            . "'%MergeTree' AND name IN (SELECT table FROM system.columns "
            . "WHERE name = 'project_id' AND database = 'errortracking') "
            . "ORDER BY name");

    return join " ", map {
        "$_->[0]:" . sql("SELECT count(), sum(cityHash64(*)) FROM "
            . "errortracking.$_->[0] " . ($_->[1] // "")
            . " WHERE project_id = $project")
    } @tables;
}


subtest "a call needs a scope, and what changes something one more" => sub {
    my @open = grep { $_->[3] } @operations;

    is(join(" ", grep { $_ ne "upload" } map { $_->[0] }
                 grep { $_->[1] ne "GET" } @open), "",
       "what is open to any token reads, or takes nothing");

    for my $operation (@operations) {
        my ($name, $method, $pattern, $open) = @$operation;
        my $path = path($pattern, $own, "1", "0" x 32, "x");

        is(call($method, $path, $LITTLE, $bodies{$method})->{status}, 403,
           "$name: not without a scope") if !$open;
        is(call($method, $path, $READER, $bodies{$method})->{status}, 403,
           "$name: not with scopes to read") if $method ne "GET" && !$open;
        isnt(call($method, $path, $READER)->{status}, 403,
             "$name: with scopes to read") if $method eq "GET";
        is(call($method, $path, "$READER-")->{status}, 401,
           "$name: not without a token");
    }
};


subtest "a token of one project reads and changes no other" => sub {
    my $before = all_of($other);
    my $seen = 0;

    ok(@operations > 20, scalar(@operations) . " operations");

    for my $operation (@operations) {
        my ($name, $method, $pattern) = @$operation;
        my @paths = (path($pattern, $other, $issue, $event, $MARK));

        push @paths, map { "$paths[0]?$_" } "project=$other",
            "project=$own&project=$other", "project=-1&query=",
            "query=project:$other", "id=$issue", "project_id=$other",
            "project=$other&field=title&field=project&field=count()&query=",
            "project=-1&field=title&field=release&query=",
            "project=$own&field=title&query=" . encoded("OR project:$other"),
            "project=$own&query=" . encoded("project.id:$other")
            if $method eq "GET" || $name =~ /issues$/;

        push @paths, path($pattern, $own, $issue, $event, $MARK),
            path($pattern, $own, $issue_own, $event, $MARK)
            if $method eq "GET";

        for my $path (@paths) {
            my $answer = call($method, $path, $OWN, $bodies{$method});
            my $text = join " ", map { $_ // "" } $answer->{content},
                       %{ $answer->{headers} };

            # a link to another page has what was asked
            $text =~ s/<http[^>]*>//g;

            unlike($text, qr/\Q$MARK\E/, "$name: nothing of the other project")
                or diag("$method $path: $answer->{content}")
                unless $method eq "POST" || $method eq "PUT";
            ok(refused($answer), "$name: $method $path")
                or diag($answer->{content});
        }

        # and the other's own token sees something, somewhere
        $seen += call("GET", $paths[0], $OTHER)->{content} =~ /\Q$MARK\E/
            if $method eq "GET";
    }

    cmp_ok($seen, ">", 10, "the other's own token is shown it in $seen calls");
    like($before, qr/\bevents:1\b.*\bsessions:1\b/, "(which is something)");
    is(all_of($other), $before, "nothing of the other project has changed");
};


my %nasty = (
    quote => "'", quotes => "a'b\"c`d", sql => "'; DROP TABLE errors; --",
    brace => "{project:UInt64}", backslash => "\\' OR 1=1 \\\\x",
    utf8 => "\xc3\xa4\xe2\x82\xac \xf0\x9f\x98\x80", control => "a\nb\tc\x01",
    bad_utf8 => "\xff\xfe", long => "a" x 5000,
    words => "level:[' , '] !x:\"} OR 1\" a:>'1' has:' is:unresolved",
    number => "18446744073709551616", negative => "-1", huge => "1e308",
    percent => "%", star => "*", empty => "", parentheses => "count(",
    nested => "(" x 500,
);


sub answered {
    my ($answer, $name) = @_;
    my $json = eval {
        JSON::PP->new->utf8->allow_nonref->decode($answer->{content});
    };

    my $fine = refused($answer)
               && ($answer->{status} == 204 || defined $json
                   || $answer->{headers}{"content-type"} ne
                      "application/json");

    ok($fine, "$name: answered") or diag("$answer->{status} "
        . substr($answer->{content}, 0, 300));
}


subtest "no parameter is more than a value" => sub {
    my @names = sort keys %parameters;

    ok(@names > 10, "parameters: @names");

    for my $operation (grep { $_->[1] eq "GET" } @operations) {
        my $path = path($operation->[2], $own, $issue_own, $event_own, "mine");
        my $i = 0;

        for my $parameter (@names) {
            my @values = sort keys %nasty;

            # each value with each parameter, of one operation or the other
            @values = map { $values[($i++ + $_) % @values] } 0 .. 1;

            answered(call("GET", "$path?$parameter=" . encoded($nasty{$_}),
                          $OWN), "$operation->[0]: $parameter: $_")
                for @values;
        }
    }
};


subtest "no search word is more than a value" => sub {
    for my $key ("level", "release", "user.id", "error.type", "title",
                 "timesSeen", "lastSeen", "assigned", "has", "firstRelease",
                 "is", "a tag", "{tag}", "t'ag", "message")
    {
        for my $value (sort keys %nasty) {
            next if $value eq "long";

            for my $word ("$key:$nasty{$value}", "!\"$key\":\"$nasty{$value}\"",
                          "$key:[$nasty{$value}, $nasty{$value}*]")
            {
                answered(call("GET", "/api/0/projects/o/$own/issues/?query="
                              . encoded($word), $OWN), "$key: $value");
            }
        }
    }
};


subtest "no path is more than a path" => sub {
    my $turn = 0;

    for my $operation (@operations) {
        my ($name, $method, $pattern) = @$operation;
        my $n = () = $pattern =~ /\*/g;

        for my $at (0 .. $n - 1) {
            my @values = sort keys %nasty;
            @values = $method ne "GET" ? qw(sql bad_utf8 quotes)
                : map { $values[($turn++ + 5 * $_) % @values] } 0 .. 5;

            for my $value (@values) {
                my $i = 0;
                my $path = join "/", map {
                    $_ eq "*" ? $i++ == $at ? encoded($nasty{$value}) : "o"
                              : $_ } split m{/}, $pattern;

                answered(call($method, "/$path/", $OWN, $bodies{$method}),
                         "$name: segment $at: $value");
            }
        }
    }
};


subtest "no body is more than a refusal" => sub {
    my @bodies = ("", "{", "[]", "null", "1", "\"x\"", "\xff", "\0",
                  "[" x 5000, "{\"status\":{}}", "{\"status\":\"'\"}",
                  "{\"status\":\"resolved\",\"statusDetails\":[]}",
                  "{\"status\":\"resolved\",\"statusDetails\":{\"inRelease\":"
                  . "\"'; DROP TABLE errors; --{x:String}\\\\\"}}",
                  "{\"assignedTo\":\"' OR 1 {x:String} \\u0000\\\\\"}",
                  "{\"version\":\"'\",\"projects\":[\"'\"]}",
                  "{\"version\":7,\"projects\":7,\"refs\":7}",
                  "{\"x\":\"" . "a" x 300000 . "\"}");

    for my $operation (grep { $_->[1] =~ /PUT|POST/ } @operations) {
        my ($name, $method, $pattern) = @$operation;
        my $path = path($pattern, $own, $issue_own, $event_own, "mine");

        answered(call($method, $path, $OWN, $_), "$name: a body of "
                 . length) for @bodies;
    }
};


is(sql("SELECT count() FROM system.tables WHERE database = 'errortracking' "
       . "AND name = 'errors'"), 1, "the tables are there");
ok(sql("SELECT count() FROM errortracking.errors WHERE project_id = $other")
   > 0, "and what is in them");

$nginx->no_alerts;
ok($nginx->quit, "nginx ends in good order");

done_testing;
