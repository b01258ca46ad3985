#!/usr/bin/perl
# Opens nginx's socket, then runs the command of the arguments. A client that connects before nginx runs is answered as soon as
# nginx runs. nginx takes over the socket as it does from an nginx that it replaces.
use strict;
use warnings;
use Socket;

my $port = 443;
# The command inherits the file descriptors up to this one.
$^F = 3;
my $network;
socket($network, PF_INET, SOCK_STREAM, 0) && setsockopt($network, SOL_SOCKET, SO_REUSEADDR, 1)
    && bind($network, pack_sockaddr_in($port, INADDR_ANY)) && listen($network, 511)
    or die "nginx: cannot listen on port $port: $!\n";
fileno($network) == 3 or die "nginx: the socket is not descriptor 3\n";

# The engine publishes the port before this container has its address. Whoever connects that early makes the machine ask for
# the address in vain, and it asks again only after a second. A packet from here tells it the address at once. Whatever
# prevents the packet, that second is all that is lost.
if (open(my $routes, '<', '/proc/net/route')) {
    my ($default) = grep { $_->[1] eq '00000000' } map { [split] } <$routes>;
    socket(my $packets, PF_INET, SOCK_DGRAM, 0);
    send($packets, '', 0, pack_sockaddr_in(9, pack('L', hex($default->[2])))) if $default;
}
$ENV{NGINX} = '3;';
exec(@ARGV) or die "nginx: cannot start $ARGV[0]: $!\n";
