#!/usr/bin/perl
# Opens the server's sockets, then runs the command of the arguments. A client that connects before the server runs is
# answered as soon as the server runs, so no client has to retry. The server takes over the sockets as it does from systemd.
use strict;
use warnings;
use Socket;

my ($port, $path) = (3306, '/run/mysqld/mysqld.sock');
open(my $settings, '<', '/etc/mysql/my.cnf') or die "mariadb: cannot read /etc/mysql/my.cnf: $!\n";
while (<$settings>) {
    $port = $1 if /^\s*port\s*=\s*(\d+)/;
}
close($settings);

# The command inherits the file descriptors up to this one.
$^F = 4;
my ($network, $local);
socket($network, PF_INET, SOCK_STREAM, 0) && setsockopt($network, SOL_SOCKET, SO_REUSEADDR, 1)
    && bind($network, pack_sockaddr_in($port, INADDR_ANY)) && listen($network, 128)
    or die "mariadb: cannot listen on port $port: $!\n";
unlink($path);
socket($local, PF_UNIX, SOCK_STREAM, 0) && bind($local, pack_sockaddr_un($path)) && chmod(0777, $path) && listen($local, 128)
    or die "mariadb: cannot listen on $path: $!\n";
fileno($network) == 3 && fileno($local) == 4 or die "mariadb: the sockets are not descriptors 3 and 4\n";
@ENV{'LISTEN_FDS', 'LISTEN_PID'} = (2, $$);
exec(@ARGV) or die "mariadb: cannot start $ARGV[0]: $!\n";
