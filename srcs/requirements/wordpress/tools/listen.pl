#!/usr/bin/perl
# Opens php-fpm's socket, then runs the command of the arguments. A client that connects before php-fpm runs is answered as
# soon as php-fpm runs, so neither the health check nor nginx has to retry.
use strict;
use warnings;
use Socket;

my $port = 9000;
# The command inherits the file descriptors up to this one.
$^F = 3;
my $network;
socket($network, PF_INET, SOCK_STREAM, 0) && setsockopt($network, SOL_SOCKET, SO_REUSEADDR, 1)
    && bind($network, pack_sockaddr_in($port, INADDR_ANY)) && listen($network, 511)
    or die "wordpress: cannot listen on port $port: $!\n";
fileno($network) == 3 or die "wordpress: the socket is not descriptor 3\n";
$ENV{FPM_SOCKETS} = "0.0.0.0:$port=3";
exec(@ARGV) or die "wordpress: cannot start $ARGV[0]: $!\n";
