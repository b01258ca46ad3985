<?php
// Returns the constants for wp-config.php, from the environment, the secrets and the site's salt. `prepare.php` defines
// `$secret`.
$port = getenv('HTTPS_PORT') ?: '443';
$home = 'https://' . getenv('DOMAIN_NAME') . ($port === '443' ? '' : ":$port");
$salt = file_get_contents('/var/www/html/.salt');
$constants = [
    'DB_NAME' => getenv('MYSQL_DATABASE'),
    'DB_USER' => getenv('MYSQL_USER'),
    'DB_PASSWORD' => $secret('db_password'),
    'DB_HOST' => 'mariadb',
    'DB_CHARSET' => 'utf8mb4',
    'DB_COLLATE' => '',
    'WP_HOME' => $home,
    'WP_SITEURL' => $home,
    'FORCE_SSL_ADMIN' => true,
    'WP_HTTP_BLOCK_EXTERNAL' => true,
    'AUTOMATIC_UPDATER_DISABLED' => true,
    'DISALLOW_FILE_MODS' => true,
    'INCEPTION_REDIS_HOST' => 'redis',
    'INCEPTION_REDIS_PASSWORD' => $secret('redis_password'),
    'INCEPTION_CACHE_PREFIX' => substr(hash('sha256', $salt), 0, 12),
];
foreach (['AUTH_KEY', 'SECURE_AUTH_KEY', 'LOGGED_IN_KEY', 'NONCE_KEY', 'AUTH_SALT', 'SECURE_AUTH_SALT', 'LOGGED_IN_SALT', 'NONCE_SALT'] as $name) {
    $constants[$name] = hash_hmac('sha256', $name, $salt);
}
return $constants;
