<?php
// Prepares the site as root, installs WordPress as the site's user, then runs php-fpm. All in one process, because starting
// PHP takes longer than most of these steps.
$fail = static function (string $why): never {
    fwrite(STDERR, "wordpress: $why\n");
    exit(1);
};
$secret = static function (string $name): string {
    $path = "/run/secrets/$name";
    return is_readable($path) ? rtrim(file_get_contents($path), "\r\n") : '';
};

// php-fpm's socket is opened first. A client that connects before php-fpm runs is answered as soon as php-fpm runs, so neither
// the health check nor nginx has to retry.
const ADDRESS = '0.0.0.0:9000';
$listener = stream_socket_server('tcp://' . ADDRESS, $number, $why, STREAM_SERVER_BIND | STREAM_SERVER_LISTEN,
    stream_context_create(['socket' => ['backlog' => 511]]));
$listener || $fail('cannot listen on ' . ADDRESS . ": $why");
$is_socket = static fn (string $fd): bool => str_starts_with((string) @readlink("/proc/self/fd/$fd"), 'socket:');
$descriptor = current(array_filter(scandir('/proc/self/fd'), $is_socket));

passthru('/usr/local/bin/unpack.sh', $code);
$code === 0 || $fail('cannot put the site in place');

$constants = require __DIR__ . '/settings.php';
$folder = '/etc/inception';
$file = "$folder/wordpress.php";
umask(0027);
$is_written = (is_dir($folder) || mkdir($folder, 0750))
    && file_put_contents("$file.new", '<?php return ' . var_export($constants, true) . ";\n")
    && chgrp($folder, 'www-data')
    && chgrp("$file.new", 'www-data')
    && rename("$file.new", $file);
$is_written || $fail("cannot write $file");
umask(0022);

// The passwords are read here, as root: the site's user cannot read the secrets, and WordPress' code never runs as root.
$owner_password = $secret('wp_owner_password');
$author_password = $secret('wp_author_password');
$child = pcntl_fork();
if ($child === 0) {
    fclose($listener);
    $user = posix_getpwnam('www-data');
    if (!posix_initgroups('www-data', $user['gid']) || !posix_setgid($user['gid']) || !posix_setuid($user['uid'])) {
        $fail('cannot become www-data');
    }
    require __DIR__ . '/install.php';
    exit(0);
}
$child > 0 && pcntl_waitpid($child, $status) === $child || $fail('cannot start the installation');
pcntl_wifexited($status) && pcntl_wexitstatus($status) === 0 || exit(1);

$program = array_slice($argv, 1);
pcntl_exec('/usr/sbin/' . $program[0], array_slice($program, 1), getenv() + ['FPM_SOCKETS' => ADDRESS . "=$descriptor"]);
$fail("cannot start $program[0]");
