# TCP ports, for the scripts that include this.  perl is used because every
# Debian has it, and because only bind() tells whether a port can be bound.
#
# shellcheck shell=bash


# port_check PORT ADDRESS: says nothing when ADDRESS:PORT can be listened on,
# else why not.
port_check()
{
    if ! [[ $1 =~ ^[0-9]{1,5}$ ]] || [ "$1" -lt 1 ] || [ "$1" -gt 65535 ]; then
        echo "is not a port"
        return 1
    fi

    perl -MIO::Socket::INET -MErrno=EACCES,EADDRINUSE -e '
        exit 0 if IO::Socket::INET->new(LocalPort => $ARGV[0],
            LocalAddr => $ARGV[1], Proto => "tcp", Listen => 1,
            ReuseAddr => 1);
        print $! == EADDRINUSE ? "is taken by another program"
            : $! == EACCES ? "may be used by root only" : "cannot be used: $!";
        exit 1' "$1" "$2"
}


# free_ports N [SPAN]: the first ports of N ranges of SPAN (1) ports of
# 127.0.0.1 that nobody listens on.  They are below those that the kernel
# gives to outgoing connections.
free_ports()
{
    perl -MIO::Socket::INET -e '
        my ($want, $span) = @ARGV;
        my (@first, @held);
        for (1 .. 10000) {
            last if @first == $want;
            my $port = 12000 + int(rand(20000));
            my @range = grep { defined } map {
                IO::Socket::INET->new(LocalPort => $port + $_,
                    LocalAddr => "0.0.0.0", Proto => "tcp", Listen => 1)
            } 0 .. $span - 1;
            next if @range < $span;
            push @first, $port;
            push @held, @range;
        }
        @first == $want or die "no free ports\n";
        print "@first\n"' "$1" "${2:-1}"
}
