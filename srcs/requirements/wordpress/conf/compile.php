<?php
// Compiles the site's PHP files for opcache, when the image is built. A file that cannot be compiled together with the others
// is left out; PHP compiles it when it is first used.
$programs = static function (string $folder): iterable {
    foreach (new RecursiveIteratorIterator(new RecursiveDirectoryIterator($folder, FilesystemIterator::SKIP_DOTS)) as $file) {
        if ($file->getExtension() === 'php') {
            yield $file->getPathname();
        }
    }
};
// These files define functions that other files define, too. A process can define a function only once.
$doubles = ['/wp-admin/includes/noop.php', '/wp-includes/cache.php', '/wp-includes/js/tinymce/wp-tinymce.php'];
$compiled = 0;
foreach ($programs($argv[1]) as $path) {
    if (!in_array(substr($path, strlen($argv[1])), $doubles, true)) {
        $compiled += (int) @opcache_compile_file($path);
    }
}
echo "$compiled programs compiled\n";
exit($compiled > 500 ? 0 : 1);
