<?php
// This file has no secrets: the entrypoint writes the constants to a file that only the site's user may read.
foreach (require '/etc/inception/wordpress.php' as $name => $value) {
    define($name, $value);
}
$table_prefix = 'wp_';
if (!defined('ABSPATH')) {
    define('ABSPATH', __DIR__ . '/');
}
require_once ABSPATH . 'wp-settings.php';
