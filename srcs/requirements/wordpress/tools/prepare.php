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

passthru('/usr/local/bin/unpack.sh programs', $code);
$code === 0 || $fail('cannot put the site in place');
// The rest of the files is for browsers. It is unpacked beside the installation, which waits for the database half of its time.
$rest = proc_open(['/usr/local/bin/unpack.sh', 'rest'], [], $pipes);
$rest || $fail('cannot put the site in place');

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
    $user = posix_getpwnam('www-data');
    if (!posix_initgroups('www-data', $user['gid']) || !posix_setgid($user['gid']) || !posix_setuid($user['uid'])) {
        $fail('cannot become www-data');
    }
    require __DIR__ . '/install.php';
    exit(0);
}
$child > 0 && pcntl_waitpid($child, $status) === $child || $fail('cannot start the installation');
pcntl_wifexited($status) && pcntl_wexitstatus($status) === 0 || exit(1);
proc_close($rest) === 0 || $fail('cannot put the site in place');

$program = array_slice($argv, 1);
pcntl_exec('/usr/sbin/' . $program[0], array_slice($program, 1), getenv());
$fail("cannot start $program[0]");
