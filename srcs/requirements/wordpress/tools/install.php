<?php
// Installs WordPress once. A table marks an unfinished installation; a later start that finds the table begins again.
// `prepare.php` defines the constants and the two passwords.
const MARK = 'wp_inception_installing';

function connect(array $constants): mysqli
{
    mysqli_report(MYSQLI_REPORT_ERROR | MYSQLI_REPORT_STRICT);
    $deadline = microtime(true) + 60;
    while (true) {
        try {
            return new mysqli($constants['DB_HOST'], $constants['DB_USER'], $constants['DB_PASSWORD'], $constants['DB_NAME']);
        } catch (mysqli_sql_exception $error) {
            if (microtime(true) > $deadline) {
                fwrite(STDERR, "wordpress: the database does not answer: {$error->getMessage()}\n");
                exit(1);
            }
            usleep(50_000);
        }
    }
}

$db = connect($constants);
$db->query("SELECT GET_LOCK('inception_install', 60)");
$tables = array_column($db->query("SHOW TABLES LIKE 'wp\\_%'")->fetch_all(), 0);
if (in_array(MARK, $tables, true)) {
    foreach ($tables as $table) {
        $db->query("DROP TABLE `$table`");
    }
} elseif (in_array('wp_options', $tables, true)
    && $db->query("SELECT 1 FROM wp_options WHERE option_name = 'siteurl'")->num_rows > 0) {
    exit(0);
}
$db->query('CREATE TABLE IF NOT EXISTS ' . MARK . ' (id INT)');

$_SERVER['HTTP_HOST'] = parse_url($constants['WP_HOME'], PHP_URL_HOST);
$_SERVER['HTTPS'] = 'on';
$_SERVER['REQUEST_URI'] = '/';
$_SERVER['SERVER_PROTOCOL'] = 'HTTP/1.1';
define('WP_INSTALLING', true);
// There is no mail program. This definition must come before WordPress' own, which would send a mail.
function wp_new_blog_notification($title, $url, $user, $password): void
{
}
require '/var/www/html/wp-load.php';
require ABSPATH . 'wp-admin/includes/upgrade.php';
wp_cache_flush();
// After a crash the installation begins again, so its rows need not be committed one by one: creating a table commits all
// rows before it.
$GLOBALS['wpdb']->query('SET autocommit = 0');
// Roles are kept in memory and written once. By default the installer writes all of them after each of its 120 capabilities.
wp_roles()->use_db = false;
// By default the installer tests permalinks by a request over HTTP to the site, which cannot answer yet.
add_filter('pre_option_permalink_structure', static fn () => '/%postname%/');
$result = wp_install(getenv('WORDPRESS_TITLE'), getenv('WORDPRESS_OWNER'), getenv('WORDPRESS_OWNER_EMAIL'), true, '', wp_slash($owner_password));
wp_roles()->use_db = true;
update_option(wp_roles()->role_key, wp_roles()->roles);
remove_all_filters('pre_option_permalink_structure');
update_option('permalink_structure', '/%postname%/');
update_option('comment_previously_approved', 0);
$author = wp_insert_user([
    'user_login' => getenv('WORDPRESS_AUTHOR'),
    'user_email' => getenv('WORDPRESS_AUTHOR_EMAIL'),
    'user_pass' => $author_password,
    'role' => 'author',
]);
if (is_wp_error($author)) {
    fwrite(STDERR, 'wordpress: ' . $author->get_error_message() . "\n");
    exit(1);
}
flush_rewrite_rules();
wp_cache_flush();
$GLOBALS['wpdb']->query('SET autocommit = 1');
$db->query('DROP TABLE ' . MARK);
fwrite(STDERR, 'wordpress: installed "' . get_option('blogname') . "\"\n");
